/** Existing installations become files that read well, compile, are formatted, and come to exactly the objects that were there. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import * as prettier from "prettier";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exportedTopology } from "../../sources/exports.js";
import { runFile } from "../../sources/run-file.js";
import { arbitraryInstallation } from "../../testing/arbitrary-topology.js";
import { installations } from "../../testing/installations/index.js";
import { bind, classic, exchange, exported, HASH, parameter, policy, queue, rights, user } from "../../testing/installations/parts.js";
import { check } from "../check/check.js";
import { read } from "../read.js";
import type { Installation } from "../model.js";
import { systems } from "../systems/index.js";
import { importDefinitions, type Imported } from "./import.js";
import { expressible } from "./inexpressible.js";
import { objectsOf } from "./objects.js";

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "warren-import-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const all: Readonly<Record<string, object>> = {
  ...Object.fromEntries(
    Object.entries(systems).map(([name, topology]) => [name, { rabbitmq_version: "4.3.6", ...objectsOf({ topologies: [topology] }) }]),
  ),
  ...installations,
};

/** What the file exports when it is run. */
async function run(text: string): Promise<Installation> {
  const file = join(folder, "imported.ts");
  writeFileSync(file, text);
  const { installation, findings } = read(exportedTopology(await runFile(file, "imported.ts"), "imported.ts"), "imported.ts");
  expect(findings).toEqual([]);
  return installation as Installation;
}

/** What a topology can say of definitions. */
function before(definitions: object): ReturnType<typeof objectsOf> {
  const { installation } = read(expressible(definitions).definitions, "before");
  return objectsOf(installation as Installation);
}

const isFormatted = (text: string): Promise<boolean> => prettier.check(text, { parser: "typescript", printWidth: 140 });
const imported = (definitions: object, more: object = {}): Imported => importDefinitions(definitions, { label: "here", ...more });
const topologyOf = (definitions: object, more: object = {}) => imported(definitions, more).installation?.topologies[0];

test("there are installations enough", () => expect(Object.keys(all).length).toBeGreaterThanOrEqual(15));

describe.each(Object.entries(all))("%s", (_name, definitions) => {
  test("comes to the same objects when its file is run", async () => {
    const { text, secretValues, notes } = imported(definitions);
    expect(notes.filter(({ topology }) => topology === undefined).map(({ text: said }) => said)).not.toContainEqual(
      expect.stringContaining("own words"),
    );
    expect(objectsOf(await run(text), secretValues)).toEqual(before(definitions));
  });

  test("is formatted, and tells no secret", async () => {
    const { text, secretValues } = imported(definitions);
    expect(await isFormatted(text)).toBe(true);
    for (const secret of [HASH, ...Object.values(secretValues)]) expect(text).not.toContain(secret);
  });

  test("an update refuses nothing of it that is not told", () => {
    const { installation, findings } = imported(definitions);
    const errors = check(installation as Installation).filter(({ severity, silenced }) => severity === "error" && silenced === undefined);
    expect(errors).toEqual(findings);
  });

  test("is the same again when what it comes to is imported", () => {
    const { installation, secretValues, text } = imported(definitions);
    const again = imported({ ...definitions, ...objectsOf(installation as Installation, secretValues) });
    // What is not there any more is not told any more.
    const body = (file: string): string => file.slice(file.indexOf("\nimport "));
    expect(body(again.text)).toBe(body(text));
  });
});

test("whatever a topology can say is imported as what it is", async () => {
  let files = 0;
  await fc.assert(
    fc.asyncProperty(arbitraryInstallation(), async (installation) => {
      const definitions = { rabbitmq_version: "4.3.6", ...objectsOf(installation) };
      const { text, installation: back, secretValues, notes } = imported(definitions);
      expect(notes.filter(({ topology }) => topology === undefined)).toEqual([]);
      expect(objectsOf(back as Installation, secretValues)).toEqual(objectsOf(installation));
      // The formatter, and running a file, take their time.
      if (files++ % 3 > 0) return;
      expect(await isFormatted(text)).toBe(true);
      if (files % 2 === 0) expect(objectsOf(await run(text), secretValues)).toEqual(objectsOf(installation));
    }),
    { numRuns: 150 },
  );
}, 120_000);

test("files compile, strictly", () => {
  const texts = [
    ...Object.values(all).map((definitions) => imported(definitions).text),
    ...fc.sample(arbitraryInstallation(), { numRuns: 12, seed: 3 }).map((installation) => imported(objectsOf(installation)).text),
  ];
  const files = texts.map((text, index) => {
    const file = join(folder, `compiled-${index}.ts`);
    writeFileSync(file, text);
    return file;
  });
  const checkout = join(__dirname, "../..");
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(join(checkout, "tsconfig.json"), (file) => ts.sys.readFile(file)).config,
    ts.sys,
    checkout,
  );
  const paths = { warren: [join(checkout, "topology/index.ts")] };
  const program = ts.createProgram(files, { ...options, noEmit: true, paths, types: [], skipLibCheck: true });
  const faults = files.flatMap((file) => {
    const source = program.getSourceFile(file);
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
      ({ messageText }) => `${texts[files.indexOf(file)]}\n${ts.flattenDiagnosticMessageText(messageText, "\n")}`,
    );
  });
  expect(faults).toEqual([]);
}, 120_000);

test("what Warren writes is read back as it was written: ladders, dead letters, settings, services", () => {
  const topology = topologyOf(all["contextiq"] as object);
  expect(topology?.settings).toBeUndefined();
  expect(topology?.policies).toBeUndefined();
  expect(topology?.queues?.["events.webhook"]).toEqual({
    type: "quorum",
    from: { "contextiq.events": "session.created" },
    messageTtl: "24 hours",
    maxLength: 1_000_000,
    deadLetterTo: { exchange: "contextiq.dlx", routingKey: "dead_letter" },
    retry: ["1 second", "5 seconds", "15 seconds", "1 minute", "5 minutes"],
  });
  expect(topology?.services?.["consolidation-worker"]).toEqual({
    publishes: ["consolidation.result"],
    consumes: ["consolidation.requests"],
  });
  expect(topology?.services?.["dlq-handler"]).toEqual({ manages: ["dead_letter"] });
  expect(topology?.messages?.["session"]).toEqual({ to: "contextiq.events", key: "session.{event}" });
});

describe("a ladder in other objects than Warren's", () => {
  const objects = objectsOf({ topologies: [{ name: "v", queues: { q: { type: "quorum", retry: ["5 seconds", "1 minute"] } } }] });
  const retryOf = (change: (definitions: typeof objects) => object): unknown => {
    const [topology] = imported({ ...objects, ...change(objects) }).installation?.topologies ?? [];
    return (topology?.queues?.["q"] as { retry?: unknown } | undefined)?.retry;
  };
  test("is one if nothing is changed", () => expect(retryOf(() => ({}))).toEqual(["5 seconds", "1 minute"]));
  test.each<[string, (definitions: typeof objects) => object]>([
    ["another policy", ({ policies = [] }) => ({ policies: policies.map((one) => ({ ...one, priority: 11 })) })],
    ["no policy for a rung", ({ policies = [] }) => ({ policies: policies.slice(1) })],
    [
      "another key of a rung",
      ({ bindings = [] }) => ({ bindings: bindings.map((one) => ({ ...one, routing_key: `${one.routing_key}0` })) }),
    ],
    ["one more binding to a rung", ({ bindings = [] }) => ({ bindings: [...bindings, { ...bindings[0], routing_key: "more" }] })],
    [
      "one more queue at its exchange",
      ({ bindings = [] }) => ({ bindings: [...bindings, { ...bindings[0], destination: "q", routing_key: "x" }] }),
    ],
    ["an exchange of another type", ({ exchanges = [] }) => ({ exchanges: exchanges.map((one) => ({ ...one, type: "topic" })) })],
    [
      "a queue whose dead letters go to a rung",
      ({ queues = [] }) => ({
        queues: [
          ...queues,
          {
            name: "z",
            vhost: "v",
            durable: true,
            auto_delete: false,
            arguments: { "x-queue-type": "quorum", "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "q.retry.1" },
          },
        ],
      }),
    ],
  ])("%s: it stays what it is", (_, change) => expect(retryOf(change)).toBeUndefined());

  test("rungs in other names are told", () => {
    const { notes, text } = imported(installations["handMadeRetries"] as object);
    expect(notes).toContainEqual(expect.objectContaining({ path: 'queues["mail.send.retry.5s"]' }));
    expect(text).toContain("    // A message waits here for 5 seconds, then it goes to mail.send.\n");
  });
});

describe("services", () => {
  const of = (permissions: readonly object[], consumers: readonly object[] = []) =>
    topologyOf(
      exported({
        vhosts: {
          v: {
            queues: [queue("jobs"), queue("done")],
            exchanges: [exchange("work", "direct")],
            bindings: [bind("work", "jobs", "job")],
          },
        },
        users: [user("app"), user("root", ["administrator"])],
        permissions: [...permissions, rights("root", "v", ".*", ".*", ".*")],
      }),
      { consumers },
    );
  const live = [{ vhost: "v", queue: "jobs", user: "app" }];

  test("from exact rights", () => {
    const topology = of([rights("app", "v", "", "^work$", "^done$")]);
    expect(topology?.services).toEqual({ app: { user: "app", publishes: ["job"], consumes: ["done"] } });
    expect(topology?.messages).toEqual({ job: { to: "work", key: "job" } });
  });
  test("from who consumes, with the rights that it has", () => {
    expect(of([rights("app", "v", ".*", ".*", ".*")], live)?.services).toEqual({
      app: { user: "app", consumes: ["jobs"], permissions: { configure: ".*", write: ".*", read: ".*" } },
    });
    expect(of([rights("app", "v", ".*", ".*", ".*")])?.services).toBeUndefined();
  });
  test("consumers of other vhosts, and administrators, are none", () => {
    expect(of([rights("app", "v", "", "", "")], [{ ...live[0], vhost: "w" }])?.services).toBeUndefined();
    expect(of([], [{ vhost: "v", queue: "jobs", user: "root" }])?.services).toBeUndefined();
  });
});

test("a user and its second one, of the same rights, are one service, whichever consumes; of other rights they are two", () => {
  const of = (rightsOfSecond: string) => {
    const topology = topologyOf(
      exported({
        vhosts: { v: { queues: [queue("jobs")] } },
        users: [user("v.app"), user("v.app.2")],
        permissions: [rights("v.app", "v", "", "", ".*"), rights("v.app.2", "v", "", "", rightsOfSecond)],
      }),
      { consumers: [{ vhost: "v", queue: "jobs", user: "v.app.2" }] },
    );
    return [topology?.services, topology?.users].map((each) => Object.keys(each ?? {}));
  };
  expect(of(".*")).toEqual([["app"], ["v.app.2"]]);
  expect(of("^jobs$")).toEqual([["app.2"], ["v.app"]]);
});

describe("what cannot be said is told", () => {
  test("objects of plugins, with their bindings; not what clients and the broker make for themselves", () => {
    const { leftOut, text } = imported(installations["devices"] as object);
    expect(leftOut.map(({ what, kind }) => [kind, what.split(" with ")[0]])).toEqual([
      ["meant", 'queue "mqtt-subscription-meter-17qos1"'],
      ["meant", 'queue "mqtt-subscription-meter-18qos0"'],
      ["meant", 'queue "amq.gen-Jz2f9kq8"'],
      ["missing", 'queue "sessions"'],
      ["meant", 'binding of queue "mqtt-subscription-meter-17qos1" to exchange "amq.topic"'],
      ["meant", 'binding of queue "amq.gen-Jz2f9kq8" to exchange "amq.topic"'],
      ["missing", 'binding of queue "sessions" to exchange "amq.topic"'],
    ]);
    expect(text).toContain('On the broker, and not here:\n * - queue "sessions" in vhost "iot" (queues[5])');
  });
  test("a version that Warren does not know, and what it refuses", () => {
    const { notes, findings } = imported(installations["openStack"] as object);
    expect(notes[0]?.text).toContain("3.13.7");
    expect(findings).toMatchObject([{ code: "feature-removed" }]);
  });
  test("queues that come and go", () => {
    expect(imported(installations["celery"] as object).notes.map(({ path }) => path)).toContain('queues["celeryev.8f5e3c1a"]');
  });
  test("a name that reading a topology refuses; as a message's name it is not lost in the file", async () => {
    const name = "__proto__";
    const { leftOut, text } = imported(
      exported({
        vhosts: {
          v: {
            queues: [queue("q"), queue(name)],
            exchanges: [exchange("x", "direct"), exchange(name, "fanout")],
            bindings: [bind("x", name, "k"), bind(name, "q"), bind("x", "q", name)],
            policies: [policy(name, ".*", { "max-length": 5 })],
          },
        },
        users: [user("app"), user(name)],
        permissions: [rights("app", "v", "", "^x$", ""), rights(name, "v", "", "", "")],
      }),
    );
    expect(leftOut.map(({ what, kind, path }) => [kind, what.split(" with ")[0], path])).toEqual([
      ["missing", 'user "__proto__"', "users[1]"],
      ["missing", 'permissions of user "__proto__"', "permissions[1]"],
      ["missing", 'policy "__proto__"', "policies[0]"],
      ["missing", 'exchange "__proto__"', "exchanges[1]"],
      ["missing", 'queue "__proto__"', "queues[1]"],
      ["missing", 'binding of queue "__proto__" to exchange "x"', "bindings[0]"],
      ["missing", 'binding of queue "q" to exchange "__proto__"', "bindings[1]"],
    ]);
    const file = join(folder, "unnameable.ts");
    writeFileSync(file, text);
    const { findings } = read(exportedTopology(await runFile(file, "unnameable.ts"), "unnameable.ts"), "unnameable.ts");
    expect(findings).toMatchObject([{ code: "wrong-value", path: "messages.__proto__", remedy: "choose another name" }]);
  });
  test("what is no definitions", () => {
    expect(imported({ queues: [{ name: 3 }] })).toMatchObject({ text: "", findings: [{ code: "wrong-type", path: "queues[0].name" }] });
  });
});

test("only the vhosts that are meant, with the users that have rights there; not the one that provisions", () => {
  const { installation, leftOut } = imported(installations["tenants"] as object, { vhosts: ["tenant-b"], withoutUsers: ["root"] });
  expect(installation?.topologies.map(({ name }) => name)).toEqual(["tenant-b"]);
  expect(installation?.users).toBeUndefined();
  expect(Object.keys(installation?.topologies[0]?.users ?? {})).toEqual(["support"]);
  expect(Object.keys(installation?.topologies[0]?.services ?? {})).toEqual(["tenant-b"]);
  expect(leftOut).toMatchObject([{ what: 'user "root"', kind: "meant" }]);
});

test("who also serves vhosts that are not imported is told, in the file and as a note: the stack would delete the user there too", async () => {
  const vhosts = { a: { queues: [queue("jobs")] }, b: {}, c: {}, d: {} };
  const everywhere = (name: string, ...where: readonly string[]) => where.map((vhost) => rights(name, vhost, "", "", "^jobs$"));
  const definitions = exported({
    vhosts,
    users: ["worker", "person", "own", "root"].map((name) => user(name)),
    permissions: [
      ...everywhere("worker", "a", "d"),
      ...["a", "b", "c", "d"].map((vhost) => rights("person", vhost, "", "", ".*")),
      ...everywhere("own", "a"),
      ...everywhere("root", "a", "b"),
    ],
  });
  const told = (which?: readonly string[]) => {
    const { notes, text } = imported(definitions, { withoutUsers: ["root"], ...(which ? { vhosts: which } : {}) });
    return { text, notes: notes.map(({ topology, path, text: said }) => [topology, path, said]) };
  };
  const advice = (name: string, where: string): string =>
    `User "${name}" has rights in vhosts that are not imported (${where}): this stack would own the user, and delete it; ` +
    "leave it out (--without-user), or import those vhosts too.";

  const one = told(["a"]);
  expect(one.notes).toEqual([
    ["a", "users.person", advice("person", '"b", "c", "d"')],
    ["a", "services.worker", advice("worker", '"d"')],
  ]);
  expect(one.text).toContain(`    // ${advice("worker", '"d"')}\n    worker: {`);
  expect(one.text).toContain(`    // ${advice("person", '"b", "c", "d"')}\n    person: {`);

  const two = told(["a", "b"]);
  expect(two.notes).toEqual([
    [undefined, "users.person", advice("person", '"c", "d"')],
    ["a", "services.worker", advice("worker", '"d"')],
  ]);
  expect(two.text).toContain(`    // ${advice("person", '"c", "d"')}\n    person: {`);
  for (const { text } of [one, two]) expect(await isFormatted(text)).toBe(true);

  const whole = told();
  expect(whole.notes).toEqual([]);
  expect(whole.text).not.toContain("//");
});

test("credentials are named, and their values stand apart", () => {
  const { secrets, secretValues, installation } = imported(installations["sites"] as object);
  expect(secrets.map(({ name, path }) => [name, path])).toEqual([
    ["upstream-eu-uri", "federationUpstreams.eu.uri"],
    ["upstream-us-uri", "federationUpstreams.us.uri[0]"],
    ["upstream-us-uri-2", "federationUpstreams.us.uri[1]"],
    ["shovel-archive-to-uri", "shovels.archive.to.uri"],
    ["shovel-to-amqp10-dest-uri", 'parameters[1].value["dest-uri"]'],
  ]);
  expect(secretValues["upstream-eu-uri"]).toBe("amqps://fed:s3cret@eu.example:5671/logistics");
  expect(check(installation as Installation).filter(({ code }) => code === "secret-in-topology")).toEqual([]);
});

test("the passphrase of a TLS key in a URI's query is a credential", () => {
  const uri = "amqps://hub.example:5671/v?keyfile=/k.pem&password=PASSPHRASE";
  const upstream = (given: string) => exported({ vhosts: { v: { parameters: [parameter("federation-upstream", "eu", { uri: given })] } } });
  expect(imported(upstream(uri))).toMatchObject({ secrets: [{ name: "upstream-eu-uri" }], secretValues: { "upstream-eu-uri": uri } });
  expect(imported(upstream(uri)).text).not.toContain("PASSPHRASE");
  expect(imported(upstream("amqps://hub.example?verify=verify_peer")).secrets).toEqual([]);
});

test("policies by hand stay; one that says with arguments what a queue says stays, too", () => {
  const byHand = policy("q", "^q$", { "max-length": 5 }, { "apply-to": "classic_queues", priority: 10 });
  const there = (given: object) => topologyOf(exported({ vhosts: { v: { queues: [classic("q", given as never)], policies: [byHand] } } }));
  expect(there({})).toMatchObject({ queues: { q: { type: "classic", maxLength: 5 } } });
  expect(there({})?.policies).toBeUndefined();
  expect(there({ "x-message-ttl": 9 })).toMatchObject({
    queues: { q: { messageTtl: "9 ms" } },
    policies: { q: { definition: { "max-length": 5 } } },
  });
});
