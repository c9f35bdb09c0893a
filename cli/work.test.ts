/** `warren work`, `publish` and `load`: wrong use is told before anything is connected. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { writeEndpoint } from "../broker/address.js";
import { run } from "./main.js";
import { workerEnvironment } from "./worker-broker.js";

function folder(): string {
  const cwd = mkdtempSync(join(tmpdir(), "warren-work-"));
  onTestFinished(() => rmSync(cwd, { recursive: true }));
  return cwd;
}

async function warren(words: readonly string[], environment: Record<string, string> = {}, cwd = folder()) {
  let error = "";
  const told = (text: string): void => void (error += `${text}\n`);
  const code = await run(words, { out: told, error: told, style: (_, text) => text, cwd, environment }, "1");
  return { code, error };
}

// A port where nobody listens.
const NOWHERE = { RABBITMQ_URL: "amqp://a:secret@127.0.0.1:1", RABBITMQ_CONNECTION_ATTEMPTS: "1", WARREN_HTTP_PORT: "0" };

describe("wrong use ends with exit code 2 and says what to do", () => {
  test.each([
    [["work", "debias"], /--service/],
    [["work", "debias", "--service", "neo4j-wroker"], /There is no service "neo4j-wroker"[^]*neo4j-worker/],
    [["work", "all", "--service", "api"], /Several topologies are given[^]*--topology/],
    [["work", "debias", "--service", "neo4j-worker"], /NEO4J_URL is not set[^]*NEO4J_URL=http/],
    [["publish", "debias", "evnet", "--body", "{}"], /There is no message "evnet"[^]*event/],
    [["publish", "debias", "event"], /No body is given/],
    [["publish", "debias", "event", "--body", "{"], /no JSON/],
    [["publish", "debias", "event", "--body", "{}", "--service", "neo4j-worker"], /does not publish "event"/],
    [["publish", "contextiq", "session.event", "--body", "{}", "--key", "event"], /word=value/],
    [["publish", "contextiq", "session.event", "--body", "{}"], /{event} of its key "[^"]+" is missing[^]*--key event=WORD/],
    [["publish", "contextiq", "session.event", "--body", "{}", "--key", "event=a.b"], /is "a\.b"[^]*--key event=WORD/],
    [["publish", "debias", "event", "--body", "@nowhere.json"], /ENOENT[^]*--body @body\.json/],
    [["load", "contextiq", "session.event", "--rate", "5"], /is missing[^]*--key event=WORD/],
    [["load", "debias", "event", "--rate", "5", "--body", "{}"], /"event" does not fit its schema: user_id/],
    [["load", "debias", "event", "--rate", "0"], /--rate/],
    [["load", "debias", "event", "--rate", "5", "--for", "soon"], /--for/],
    [["load", "debias", "event", "--rate", "5", "--consume", "events.nowhere"], /No service consumes "events.nowhere"/],
  ])("%j", async (words, told) => {
    const { code, error } = await warren(words, NOWHERE);
    expect([code, error]).toEqual([2, expect.stringMatching(told)]);
    expect(error).not.toContain("secret");
  });

  test("settings that are wrong, and a broker that is not there", async () => {
    const wrong = await warren(["publish", "debias", "event", "--body", "{}"], { ...NOWHERE, RABBITMQ_HEARTBEAT: "1" });
    expect([wrong.code, wrong.error]).toEqual([2, expect.stringContaining("RABBITMQ_HEARTBEAT")]);
    const away = await warren(["publish", "debias", "event", "--body", "{}"], NOWHERE);
    expect([away.code, away.error]).toEqual([2, expect.stringContaining("No broker could be used at amqp://127.0.0.1:1")]);
    expect(away.error).toContain("port - 10000: else give --amqp");
    expect(away.error).not.toContain("secret");
  });

  test("a file of handlers that has none", async () => {
    const cwd = folder();
    writeFileSync(
      join(cwd, "topology.mjs"),
      'export default { name: "t", queues: { q: { type: "quorum" } }, services: { s: { consumes: ["q"] } } };',
    );
    writeFileSync(join(cwd, "none.mjs"), "export default {};");
    writeFileSync(join(cwd, "wrong.mjs"), "export default { q: 7 };");
    const work = (file: string[]) => warren(["work", "topology.mjs", "--service", "s", ...file], NOWHERE, cwd);
    expect(await work([])).toMatchObject({ code: 2, error: expect.stringContaining("--handlers FILE") });
    expect(await work(["--handlers", "none.mjs"])).toMatchObject({ code: 2, error: expect.stringContaining('"none.mjs" has no handlers') });
    expect(await work(["--handlers", "wrong.mjs"])).toMatchObject({ code: 2, error: expect.stringContaining('"q" is no function') });
  });
});

describe("the broker of a worker", () => {
  const at = (environment: Record<string, string>, cwd: string, given = {}, user?: string): string | undefined =>
    workerEnvironment(given, user, { cwd, environment } as never)["RABBITMQ_URL"];

  test("is that of --broker, then RABBITMQ_URL, then WARREN_BROKER_URL, then the dev stack", () => {
    const cwd = folder();
    const both = { RABBITMQ_URL: "amqp://a:b@one", WARREN_BROKER_URL: "http://c:d@two:15672" };
    expect(at(both, cwd, { broker: "amqp://e:f@three/v" })).toBe("amqp://e:f@three:5672/v");
    expect(at(both, cwd)).toBe("amqp://a:b@one");
    expect(at({ WARREN_BROKER_URL: both.WARREN_BROKER_URL }, cwd)).toBe("amqp://c:d@two:5672");
    expect(at({}, cwd)).toBeUndefined();
    expect(at({ RABBITMQ_USERNAME: "me" }, cwd, { broker: "amqp://four" })).toBe("amqp://four");
    writeEndpoint(cwd, { managementUrl: "http://127.0.0.1:15672", amqpUrl: "amqp://127.0.0.1:5672", username: "warren", password: "p/w" });
    expect(at({}, cwd)).toBe("amqp://warren:p%2Fw@127.0.0.1:5672");
    expect(at({ RABBITMQ_USERNAME: "me" }, cwd)).toBe("amqp://127.0.0.1:5672");
    expect(() => at({}, cwd, {}, "debias.neo4j-worker")).toThrow(
      /The password of "debias.neo4j-worker"[^]*RABBITMQ_USERNAME=debias.neo4j-worker/,
    );
  });

  test("on the dev stack has the service's own user, whose password is an output of the stack", () => {
    const cwd = folder();
    writeEndpoint(cwd, { managementUrl: "http://127.0.0.1:15672", amqpUrl: "amqp://127.0.0.1:5672", username: "warren", password: "p" });
    mkdirSync(join(cwd, "lab"));
    writeFileSync(
      join(cwd, "lab", "start.mjs"),
      `if (process.argv.slice(2).join(" ") !== "exec pulumi stack output passwords --show-secrets --json") process.exit(9);\n` +
        `console.log(JSON.stringify({ "debias.neo4j-worker": "its own" }));\n`,
    );
    expect(at({}, cwd, {}, "debias.neo4j-worker")).toBe("amqp://debias.neo4j-worker:its%20own@127.0.0.1:5672");
    expect(() => at({}, cwd, {}, "debias.neo4j-wroker")).toThrow('there is "debias.neo4j-worker"');
  });
});
