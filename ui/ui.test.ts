/** Layout, paths, numbers and marks on the reference systems; the server without a broker. */
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { Management } from "../broker/index.js";
import { fakeBroker, json } from "../testing/fake-broker.js";
import { systems } from "../topology/systems/index.js";
import { debias } from "../topology/systems/debias.js";
import { stage7 } from "../topology/systems/stage7.js";
import { Atlas } from "./atlas.js";
import { DeadLetters } from "./letters.js";
import { alertMarks, driftMarks } from "./marks.js";
import { changes, live, type Reading } from "./readings.js";
import { parseHeaders, pathOf } from "./route.js";
import { createUi, type Ui } from "./server.js";

const TOKEN = "t".repeat(40);
let atlas: Atlas;
beforeAll(async () => {
  atlas = await Atlas.of({ topologies: [debias] });
});

describe("layout", () => {
  test.each(Object.values(systems).map((topology) => [topology.name, topology] as const))(
    "%s: no two boxes overlap, every line has a way",
    async (_, topology) => {
      const { scene } = await Atlas.of({ topologies: [topology] });
      expect(scene.nodes.length).toBeGreaterThan(5);
      for (const a of scene.nodes) {
        expect(a.x >= 0 && a.y >= 0 && a.x + a.width <= scene.width && a.y + a.height <= scene.height, a.id).toBe(true);
        for (const b of scene.nodes) {
          const apart = a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
          if (a !== b) expect(apart, `${a.id} and ${b.id}`).toBe(true);
        }
      }
      const ids = new Set(scene.nodes.map(({ id }) => id));
      expect(scene.edges.length).toBeGreaterThan(5);
      for (const { from, to, path } of scene.edges) {
        expect(ids.has(from) && ids.has(to)).toBe(true);
        expect(path).toMatch(/^M[-\d.]+,[-\d.]+C/);
      }
    },
  );

  test("goes from left to right: exchange, queue, consumer", () => {
    const x = (id: string): number => atlas.nodes.get(id)?.x ?? NaN;
    expect(x("debias/exchange:events")).toBeLessThan(x("debias/queue:events.neo4j"));
    expect(x("debias/queue:events.neo4j")).toBeLessThan(x("debias/consumer:neo4j-worker"));
  });
});

describe("path", () => {
  test("leads on to consumers, and stops where no queue is", () => {
    const found = pathOf(atlas, "debias", "events", "any", {});
    expect(found.queues.map(({ name }) => name).sort()).toEqual(["events.neo4j", "events.qdrant"]);
    expect(found.nodes).toContain("debias/consumer:qdrant-worker");
    expect(found.edges.length).toBe(4);
    expect(pathOf(atlas, "debias", "nope", "any", {}).reaches).toBe(false);
  });

  test("of an instance's queue to its template", async () => {
    const other = await Atlas.of({ topologies: [stage7] });
    const found = pathOf(other, "stage7", "stage7", "message.all", {});
    expect(found.nodes).toContain("stage7/template:{serviceType}-{serviceId}");
    expect(found.verdict).toMatch(/^May reach/);
  });

  test("headers are read as on the command line", () => {
    expect(parseHeaders(' a=b n:=1 flag:=true text="two words" ')).toEqual({ a: "b", n: 1, flag: true, text: "two words" });
    expect(parseHeaders("")).toEqual({});
    expect(parseHeaders("nonsense")).toContain("no header");
    expect(parseHeaders("n:=x")).toContain("no JSON");
  });
});

const reading = (...queues: Reading["queues"]): Reading[] => [{ vhost: "debias", queues, exchanges: [{ name: "events" }], consumers: [] }];

describe("numbers", () => {
  test("of queues, ladders, limits; what is not there is missing", () => {
    const { nodes, totals } = live(
      atlas,
      reading(
        { name: "events.neo4j", messages: 90_000, messages_unacknowledged: 5, consumers: 0 },
        { name: "events.neo4j.retry.1", messages: 7 },
      ),
      1000,
    );
    expect(nodes.get("debias/queue:events.neo4j")).toEqual({
      depth: 90_000,
      unacked: 5,
      consumers: 0,
      waiting: 7,
      full: 0.9,
      forsaken: true,
    });
    expect(nodes.get("debias/queue:events.qdrant")).toEqual({ missing: true });
    expect(nodes.get("debias/exchange:events.dlx")).toEqual({ missing: true });
    expect(totals.messages).toBe(90_007);
  });

  test("consumers count for the service whose user they are of", () => {
    const consumer = (user: string) => ({ consumer_tag: "c", queue: { vhost: "debias", name: "events.neo4j" }, channel_details: { user } });
    const [one] = reading({ name: "events.neo4j", messages: 0, consumers: 3 });
    // The second is that of a change of password.
    const users = ["debias.neo4j-worker", "debias.neo4j-worker.2", "somebody"];
    const { nodes } = live(atlas, one ? [{ ...one, consumers: users.map(consumer) }] : [], 1000);
    expect(nodes.get("debias/consumer:neo4j-worker")).toEqual({ rows: [2] });
  });

  test("arrivals of dead letters by what is held and what left", () => {
    const dead = (messages: number, ack: number) => reading({ name: "events.dlq", messages, consumers: 0, message_stats: { ack } });
    const first = live(atlas, dead(10, 0), 0);
    expect(first.nodes.get("debias/queue:events.dlq")?.arriving).toBe(0);
    const second = live(atlas, dead(10, 5), 60_000, first);
    expect(second.nodes.get("debias/queue:events.dlq")?.arriving).toBe(5);
    expect(changes(second.nodes, first.nodes)).toEqual({ "debias/queue:events.dlq": second.nodes.get("debias/queue:events.dlq") });
  });
});

test("drift and alerts come to the box that they concern", () => {
  const at = { vhost: "debias", path: 'queues["events.neo4j"]' };
  const marks = driftMarks(atlas, {
    version: 1,
    missing: [{ kind: "policy", name: "events.neo4j", ...at }],
    mismatched: [],
    extra: [{ kind: "queue", name: "stranger", vhost: "debias", path: "queues.stranger" }],
  });
  expect(marks.map(({ node }) => node)).toEqual(["debias/queue:events.neo4j", undefined]);
  const alert = (labels: Record<string, string>, runbook = "") => ({ labels, annotations: { runbook_url: runbook }, startsAt: "" });
  const found = alertMarks(atlas, [
    alert({ alertname: "b", severity: "ticket", vhost: "other", queue: "events.neo4j" }, "javascript:alert(1)"),
    alert({ alertname: "a", severity: "page", vhost: "debias", queue: "events.neo4j.retry.2" }, "https://x/y"),
  ]);
  expect(found.map(({ title, node, runbook }) => [title, node, runbook])).toEqual([
    ["a", "debias/queue:events.neo4j", "https://x/y"],
    ["b", undefined, undefined],
  ]);
});

describe("server", () => {
  let ui: Ui | undefined;
  afterEach(() => ui?.close());
  const start = async (write = false): Promise<Ui["app"]> => {
    const management = new Management({ endpoint: "http://127.0.0.1:9", username: "u", password: "p" });
    const settings = (): never => {
      throw new Error("no broker is asked");
    };
    ui = await createUi({ atlas, management, settings, token: TOKEN, write, listen: "127.0.0.1", pause: 1000 });
    return ui.app;
  };
  const headers = { host: "127.0.0.1:1", authorization: `Bearer ${TOKEN}` };

  test("looks into no queue whose delivery limit that would use up", async () => {
    const queues = {
      work: { type: "quorum", deadLetterTo: "dead" },
      limited: { type: "quorum", from: { dead: "" } },
      unlimited: { type: "quorum", from: { dead: "" }, deliveryLimit: -1 },
    } as const;
    const own = await Atlas.of({ topologies: [{ name: "own", exchanges: { dead: { type: "fanout" } }, queues }] });
    const asked = (): never => {
      throw new Error("the broker is asked");
    };
    const on = (version: string) => new DeadLetters(own, { version: () => Promise.resolve(version) }, asked);
    await expect(on("4.2.5").look("own", "limited", false)).rejects.toThrow(/uses up the delivery limit of "limited" on RabbitMQ 4.2.5/);
    await expect(on("4.2.5").plan("own", "limited")).rejects.toThrow(/uses up the delivery limit/);
    await expect(on("4.2.5").look("own", "unlimited", false)).rejects.toThrow("the broker is asked");
    await expect(on("4.3.0").look("own", "limited", false)).rejects.toThrow("the broker is asked");
  });

  test("asks for no statistics of a vhost that it has on the page already", async () => {
    const queues = ["events.neo4j", "events.neo4j.retry.1", "events.dlq"].map((name, index) => ({ name, messages: index + 5 }));
    const consumers = [{ consumer_tag: "c", queue: { vhost: "debias", name: "events.neo4j" }, channel_details: { user: "somebody" } }];
    const broker = await fakeBroker((request, response) => {
      const [, what = "", name] = /^\/api\/(queues|exchanges|consumers)\/debias(\/[^?]+)?/.exec(request.url ?? "") ?? [];
      const answers = { queues, consumers, exchanges: [] };
      const missing = what === "" || name !== undefined;
      return json(missing ? 404 : 200, missing ? { error: "Object Not Found" } : answers[what as keyof typeof answers])(request, response);
    });
    const management = new Management({ endpoint: broker.url, username: "u", password: "p" });
    const settings = (): never => {
      throw new Error("no queue is looked into");
    };
    ui = await createUi({ atlas, management, settings, token: TOKEN, write: false, listen: "127.0.0.1", pause: 60_000 });
    const { app, watch } = ui;
    const look = (): Promise<() => void> =>
      new Promise((resolve) => {
        const end = watch.add((event) => event === "live" && watch.reading("debias") && resolve(end));
      });
    const opened = async (): Promise<string[]> => {
      const before = broker.requests.length;
      const details = (await app.inject({ url: "/api/queue?vhost=debias&name=events.neo4j", headers })).json();
      expect(details.ladder[0]).toMatchObject({ queue: "events.neo4j.retry.1", messages: 6 });
      expect(details.deadLetterQueues).toEqual([{ queue: "events.dlq", messages: 7 }]);
      expect(details.consumers).toEqual([{ tag: "c", user: "somebody" }]);
      const asked = broker.requests.slice(before).map((request) => request.replace(/\?.*/, ""));
      return asked.filter((request) => /debias$/.test(request)).sort();
    };
    const end = await look();
    expect(await opened()).toEqual([]);
    end();
    // Nobody looks: what is known grows old.
    const all = ["GET /api/consumers/debias", "GET /api/queues/debias"];
    expect(await opened()).toEqual(all);
    watch.add(() => undefined);
    expect(await opened()).toEqual(all);
    await management.close();
  });

  test("gives the page to anybody here, and data to the token alone", async () => {
    const app = await start();
    const page = await app.inject({ url: "/", headers: { host: "localhost:1" } });
    expect([page.statusCode, page.headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"]);
    expect(page.headers["content-security-policy"]).toContain("default-src 'none'");
    expect(page.body).not.toContain("events.neo4j");
    expect((await app.inject({ url: "/page.js", headers })).body).toContain("/api/scene");
    const health = { url: "/health/live", headers: { host: "127.0.0.1:15680" } };
    expect((await app.inject(health)).json()).toEqual({ status: "live" });
    expect((await app.inject({ ...health, headers: { host: "evil.example" } })).statusCode).toBe(421);
    expect((await app.inject({ url: "/api/scene", headers })).json().scene.nodes.length).toBe(atlas.scene.nodes.length);
    for (const url of ["/api/scene", "/api/live", "/api/queue?vhost=a&name=b", "/api/letters?vhost=a&name=b"]) {
      expect((await app.inject({ url, headers: { host: headers.host } })).statusCode, url).toBe(401);
      expect((await app.inject({ url, headers: { ...headers, authorization: "Bearer x" } })).statusCode, url).toBe(401);
      expect((await app.inject({ url, headers: { ...headers, host: "evil.example" } })).statusCode, url).toBe(421);
      expect((await app.inject({ url, headers: { ...headers, origin: "http://evil.example" } })).statusCode, url).toBe(403);
    }
    expect((await app.inject({ url: "/", headers: { host: "evil.example" } })).statusCode).toBe(421);
    for (const url of ["/%61pi/scene", "/ap%69/live", "/api/scene?x=1", "/api%2fscene/"])
      expect([401, 404], url).toContain((await app.inject({ url, headers: { host: headers.host } })).statusCode);
    const hidden = {
      method: "POST",
      url: "/%61pi/requeue",
      headers: { host: headers.host },
      payload: { vhost: "debias", name: "events.dlq" },
    } as const;
    expect((await app.inject(hidden)).statusCode).toBe(401);
  });

  test("refuses to write without --write, and a ticket that it has not given", async () => {
    const post = { method: "POST", url: "/api/requeue", headers, payload: { ticket: "x" } } as const;
    expect((await (await start()).inject(post)).statusCode).toBe(403);
    await ui?.close();
    const app = await start(true);
    expect((await app.inject(post)).statusCode).toBe(409);
    expect((await app.inject({ ...post, payload: { vhost: "debias", name: "events.neo4j" } })).statusCode).toBe(409);
    expect((await app.inject({ ...post, payload: { vhost: "debias", name: "nope" } })).statusCode).toBe(404);
    expect((await app.inject({ ...post, headers: { ...headers, "content-type": "text/plain" }, payload: "{}" })).statusCode).toBe(415);
    expect((await app.inject({ ...post, payload: {} })).statusCode).toBe(400);
  });
});
