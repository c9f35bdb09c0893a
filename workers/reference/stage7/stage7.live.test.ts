/** Stage7 on a real broker, and without one: by id, by type, to all; requests; HTTP where the broker is away; clients of the post office. */
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { Proxy } from "../../../testing/proxy.js";
import { http, systemGround, type SystemGround } from "../../../testing/reference-live.js";
import { until } from "../../../testing/until.js";
import { postOfficeClient, type Told } from "../../../testing/post-office-client.js";
import { storeProcess } from "../../../testing/store-process.js";
import { stage7 } from "../../../topology/systems/stage7.js";
import type { Run } from "../run.js";
import { stage7Services } from "./services.js";
import { clientToken } from "./tokens.js";

const LIMIT = { timeout: 30_000 };
const SECRET = "a secret of this test";

async function system() {
  const ground = await systemGround(stage7, stage7Services);
  const target = new URL(ground.url("administrator"));
  const proxy = await Proxy.start(() => ({ host: target.hostname, port: Number(target.port) }));
  onTestFinished(() => proxy.close());
  const registry = await storeProcess("registry");
  const run = async (service: "brain" | "librarian" | "post-office", id?: string): Promise<Run> => {
    const url = new URL(ground.url(service));
    url.port = String(proxy.port);
    url.hostname = "127.0.0.1";
    const started = await ground.run(
      service,
      {
        REGISTRY_URL: registry.url,
        STAGE7_CLIENT_SECRET: SECRET,
        STAGE7_TOKEN: "members",
        ...(id === undefined ? {} : { STAGE7_SERVICE_ID: id }),
      },
      { connect: { url: url.href, attempts: 1, heartbeat: 5, backoff: { min: 50, max: 300 }, drainDeadline: 1000 } },
    );
    if (open) await until(() => connected(started));
    return started;
  };
  let open = true;
  const away = async (runs: readonly Run[]): Promise<void> => {
    open = false;
    proxy.refuse();
    proxy.cut();
    await until(() => runs.every((each) => !connected(each)));
  };
  return { ground, proxy, run, away, back: () => proxy.heal() };
}

const connected = ({ health }: Run): boolean => {
  const { connections, consumers } = health();
  return connections.publish === "open" && consumers[0]?.state === "consuming";
};

const names = (told: readonly Told[]): unknown[] =>
  told.filter(({ kind }) => kind === "message").map(({ content }) => (content as { by: string }).by);

test("a message to an id reaches one, to a type two, to all three; a request gets its reply", LIMIT, async () => {
  const { run } = await system();
  for (const [service, id] of [
    ["brain", "brain1"],
    ["brain", "brain2"],
    ["librarian", "librarian1"],
  ] as const)
    await run(service, id);
  const office = await run("post-office");
  const { ask, told } = await postOfficeClient(office.url, SECRET, "ann");
  expect(await ask({ id: "1", recipient: "brain2", type: "note", content: "id" })).toMatchObject({
    kind: "accepted",
    by: "broker",
  });
  await until(() => names(told).length === 1);
  await ask({ id: "2", recipient: "brain", type: "note", content: "type" });
  await until(() => names(told).length === 3);
  await ask({ id: "3", recipient: "all", type: "note", content: "all" });
  await until(() => names(told).length === 6);
  expect(names(told).slice(3).sort()).toEqual(["brain", "brain", "librarian"]);
  expect(await ask({ id: "4", recipient: "librarian1", type: "ask", content: 1, request: true })).toMatchObject({
    ...{ kind: "reply", by: "broker", sender: "librarian1", content: { received: 1 } },
  });
  expect(await ask({ id: "5", recipient: "nobody", type: "ask", content: 1, request: true })).toMatchObject({
    ...{ kind: "error", error: { code: "absent" } },
  });
  expect(await ask({ id: "6", recipient: "a.b", type: "ask", content: 1 })).toMatchObject({ kind: "error", error: { code: "invalid" } });
});

test("with the broker down the same calls go over HTTP, and over the broker when it is back", LIMIT, async () => {
  const { run, away, back, ground } = await system();
  const members = [await run("brain", "brain1"), await run("brain", "brain2"), await run("librarian", "librarian1")];
  const office = await run("post-office", "office1");
  const { ask, told } = await postOfficeClient(office.url, SECRET, "ann");
  await away([...members, office]);
  expect(await ask({ id: "1", recipient: "brain", type: "note", content: "type" })).toMatchObject({
    kind: "accepted",
    by: "http",
  });
  await until(() => names(told).length === 2);
  expect(await ask({ id: "2", recipient: "librarian", type: "ask", content: 7, request: true })).toMatchObject({
    ...{ kind: "reply", by: "http", sender: "librarian1", content: { received: 7 } },
  });
  expect(await ask({ id: "3", recipient: "nobody", type: "note", content: 1 })).toMatchObject({ error: { code: "absent" } });
  // One that starts without the broker serves too, and joins when it is back.
  const late = await run("librarian", "librarian2");
  expect(await ask({ id: "4", recipient: "librarian2", type: "ask", content: 8, request: true })).toMatchObject({ by: "http" });
  expect(await http("POST", `${late.url}/messages`, { type: "x", sender: "x", content: 1 })).toMatchObject({ status: 401 });
  back();
  await until(() => [...members, office, late].every(connected));
  expect(await ask({ id: "5", recipient: "librarian2", type: "ask", content: 9, request: true })).toMatchObject({ by: "broker" });
  expect(await ground.depth("librarian-librarian2")).toBe(0);
});

const has = async ({ api, vhost }: SystemGround<typeof stage7>, queue: string): Promise<boolean> =>
  api("GET", `/api/queues/${vhost}/${queue}`).then(
    () => true,
    () => false,
  );

test("an instance that leaves takes its queue with it; one that comes back under its name finds what came meanwhile", LIMIT, async () => {
  const { run, ground } = await system();
  const guest = await run("brain");
  const guests = (await ground.api("GET", `/api/queues/${ground.vhost}`)) as { name: string }[];
  const queue = guests.find(({ name }) => name.startsWith("brain-"))?.name ?? "";
  await guest.stop();
  expect(await has(ground, queue)).toBe(false);

  const resident = await run("librarian", "librarian1");
  await resident.stop();
  expect(await has(ground, "librarian-librarian1")).toBe(true);
  const office = await run("post-office");
  const { ask, told } = await postOfficeClient(office.url, SECRET, "ann");
  expect(await ask({ id: "1", recipient: "librarian1", type: "note", content: 1 })).toMatchObject({
    kind: "accepted",
    by: "broker",
  });
  expect(await ground.depth("librarian-librarian1")).toBe(1);
  await run("librarian", "librarian1");
  await until(() => names(told).length === 1);
});

test("a client needs a token, and one that reconnects gets what waits for it", LIMIT, async () => {
  const { run } = await system();
  const office = await run("post-office");
  for (const protocols of [["stage7"], ["stage7", "forged.1.x"], ["stage7", clientToken("other", "ann", new Date(2e12))]]) {
    const socket = new WebSocket(`${office.url?.replace("http", "ws")}/ws`, protocols);
    const [error] = (await once(socket, "error")) as [Error];
    expect(error.message).toContain("401");
  }
  const { socket } = await postOfficeClient(office.url, SECRET, "ann");
  socket.close();
  await once(socket, "close");
  const brain = await run("brain");
  expect(connected(brain)).toBe(true);
  const member = await http(
    "POST",
    `${brain.url}/messages`,
    { type: "note", sender: "x", content: "for ann", clientId: "ann" },
    { authorization: "Bearer members" },
  );
  expect(member.status).toBe(200);
  await until(async () => {
    const again = await postOfficeClient(office.url, SECRET, "ann");
    await until(() => again.told.length > 0 || again.socket.readyState > 1, 300).catch(() => undefined);
    const found = again.told.some(({ content }) => (content as { received: unknown }).received === "for ann");
    again.socket.close();
    await once(again.socket, "close");
    return found;
  });
});
