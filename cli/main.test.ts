/** The command: exit codes, JSON, suggestions, faults of its users; in this process, and a few times as a process of its own. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "./main.js";
import { styleFor } from "./output.js";

/** JSON of the command, as far as a test looks into it. */
interface Printed {
  readonly version: number;
  readonly errors: number;
  readonly findings: readonly { readonly severity: string; readonly code: string; readonly path: string }[];
  readonly topologies: readonly { readonly name: string }[];
  readonly nodes: readonly unknown[];
  readonly queues: readonly unknown[];
  readonly permissions: readonly { readonly service: string | null }[];
}
const parsed = (text: string): Printed => JSON.parse(text) as Printed;

const BIN = join(__dirname, "../bin/warren.cjs");
let folder = "";

interface Result {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

async function warren(...words: readonly string[]): Promise<Result> {
  let [out, error] = ["", ""];
  const code = await run(
    words,
    {
      out: (text) => void (out += text.endsWith("\n") ? text : `${text}\n`),
      error: (text) => void (error += text.endsWith("\n") ? text : `${text}\n`),
      style: (_, text) => text,
      cwd: folder,
      environment: {},
    },
    "1.2.3",
  );
  return { code, out, error };
}

const file = (name: string, text: string): void => writeFileSync(join(folder, name), text);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "warren-cli-"));
  const plain = (name: string, more = ""): string =>
    `{ name: "${name}", exchanges: { "${name}.in": { type: "topic" } }, queues: { q: { type: "quorum", maxLength: 10, from: { "${name}.in": "a.*" } } }, ` +
    `messages: { m: { to: "${name}.in", key: "a.b" } }, services: { s: { publishes: ["m"], consumes: ["q"] } }${more} }`;
  file("one.ts", `import { topology } from "warren";\nexport const orders = topology(${plain("orders")});\n`);
  file(
    "two.ts",
    `import { topology } from "warren";\nexport const orders = topology(${plain("orders")});\nexport const bills = topology(${plain("bills")});\n`,
  );
  file("needs.ts", 'import { z } from "nowhere-to-be-had/deep";\nexport default z;\n');
  file("default.mjs", `export default ${plain("modern")};\n`);
  file("common.cjs", `module.exports = ${plain("common")};\n`);
  file("fault.ts", `export const orders = { name: "orders", queues: { q: { type: "quorum", deadLetterTo: "gone" } } };\n`);
  file("syntax.ts", "export const a = 1;\nconst b = {{;\n");
  file("throws.ts", '\n\nfunction f(): never { throw new Error("no luck at amqp://me:geheim@host"); }\nf();\n');
  file("none.ts", "export const a = 1;\n");
  file(
    "whole.ts",
    `import { topology, WarrenError } from "warren";\nexport default topology({ ...${plain("whole")}, description: new WarrenError("x").name });\n`,
  );
  file("typo.json", '{ "name": "t", "quees": {} }');
  file("broken.json", "{");
  file("evil.json", JSON.stringify({ name: '"><script>\u001b[31m', exchanges: { "\u001b]0;x\u0007": { type: "fanout" } } }));
  file(
    "definitions.json",
    JSON.stringify({ vhosts: [{ name: "v" }], queues: [{ name: "q", vhost: "v", durable: true, auto_delete: false, arguments: {} }] }),
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("check", () => {
  test("0 without errors, warnings or not; 1 with --strict", async () => {
    expect(await warren("check", "contextiq")).toMatchObject({ code: 0, error: "" });
    expect(await warren("check", "one.ts", "--strict")).toMatchObject({ code: 0, out: "no findings\n" });
    expect(await warren("check", "definitions.json")).toMatchObject({ code: 0 });
    expect(await warren("check", "definitions.json", "--strict")).toMatchObject({ code: 1 });
  });

  test("1 with an error, which says where, what is allowed, and what to do", async () => {
    const { code, out } = await warren("check", "fault.ts");
    expect(code).toBe(1);
    expect(out).toMatch(/^error undeclared-name {2}orders: queues\.q\.deadLetterTo/);
    expect(out).toMatch(/\n {2}to do: {3}\S/);
    expect(out).toMatch(/\n1 error, \d warnings?\n$/);
  });

  test("JSON: version first, findings with code, severity, path, message, remedy", async () => {
    const { code, out } = await warren("check", "fault.ts", "--json");
    expect(code).toBe(1);
    expect(out.startsWith('{\n  "version": 1,')).toBe(true);
    const { errors, findings } = parsed(out);
    expect(errors).toBe(1);
    expect(findings.find((finding) => finding.severity === "error")).toMatchObject({
      code: "undeclared-name",
      topology: "orders",
      path: expect.stringContaining("queues.q.deadLetterTo"),
      message: expect.stringContaining("gone"),
      remedy: expect.any(String),
    });
  });

  test("structural faults are findings too", async () => {
    const { code, out } = await warren("check", "typo.json", "--json");
    expect(code).toBe(1);
    expect(parsed(out).findings).toMatchObject([{ code: "unknown-key", path: "quees" }]);
  });

  test("structural faults say that more may come", async () => {
    expect((await warren("check", "typo.json")).error).toContain("The other checks run once the structure is right.");
    expect((await warren("check", "fault.ts")).error).not.toContain("The other checks");
  });

  test("another topology's shape", async () => {
    expect(await warren("check", "one.ts", "--same-shape-as", "two.ts#orders")).toMatchObject({ code: 0 });
    const { code, out } = await warren("check", "one.ts", "--same-shape-as", "common.cjs");
    expect(code).toBe(1);
    expect(out).toContain("environment-shape");
    expect(await warren("check", "two.ts", "--same-shape-as", "one.ts")).toMatchObject({
      code: 2,
      error: expect.stringContaining('"bills"'),
    });
  });

  test("a broker version that is none", async () => {
    expect(await warren("check", "debias", "--broker-version", "3.8")).toMatchObject({
      code: 2,
      error: expect.stringContaining("4.0, 4.1, 4.2, 4.3"),
    });
  });
});

describe("input", () => {
  test.each([
    ["one.ts", ["orders"]],
    ["two.ts", ["bills", "orders"]],
    ["two.ts#bills", ["bills"]],
    ["default.mjs", ["modern"]],
    ["common.cjs", ["common"]],
    ["whole.ts", ["whole"]],
    ["definitions.json", ["v"]],
    ["all", ["contextiq", "debias", "fo-analytics", "cgcg", "stage7"]],
  ])("%s", async (spec, names) => {
    const { code, out, error } = await warren("graph", spec, "--json");
    expect({ code, error }).toEqual({ code: 0, error: "" });
    const { version, topologies } = parsed(out);
    expect(version).toBe(1);
    expect(topologies.map(({ name }) => name)).toEqual(names);
  });

  test.each([
    [["check", "contextip"], 'did you mean "contextiq"?'],
    [["check", "tow.ts"], 'did you mean "two.ts"?'],
    [["check", "two.ts#bils"], 'did you mean "bills"?'],
    [["check", "nothing-like-it"], "contextiq, debias, fo-analytics, cgcg, stage7, all"],
    [["check", "."], "is no file that can hold a topology"],
    [["check", "none.ts"], "exports no topology"],
    [["check", "broken.json"], "cannot be read as JSON"],
    [["check", "syntax.ts"], "syntax.ts:2:11: "],
    [["check", "throws.ts"], "throws.ts:3: no luck at amqp://host"],
    [["check"], "No topology is given."],
    [["check", "--nonsense"], "--help behind the verb"],
    [["check", "needs.ts"], "npm install nowhere-to-be-had"],
    [["conformance", "--only", "routes", "two.ts"], 'There is no probe "two.ts"'],
    [["check", "debias", "--broker", "http://a:b@127.0.0.1:1"], "Both a topology"],
    [["check", "--broker", "http://admin:geheim@127.0.0.1:1"], "No broker answers at http://127.0.0.1:1"],
    [["check", "--broker", "amqp://admin:geheim@127.0.0.1:1"], "that port + 10000"],
    [["drift", "debias"], "the dev stack of this directory is not up"],
    [["env"], "The dev stack of this directory is not up."],
    [["chekc"], "(Did you mean check?)"],
    [["chekc", "--help"], "(Did you mean check?)"],
    [["help", "chekc"], "(Did you mean check?)"],
    [["check", "debias", "--strikt"], "(Did you mean --strict?)"],
    [["graph", "debias", "--format", "png"], "mermaid, svg, dot, json"],
    [["graph", "debias", "-o", "no/such/folder.svg"], "cannot be written"],
    [["graph", "debias", "-o", "d.png"], ".svg, .dot"],
    [["check", "contextiq", "-e", "prdo"], 'did you mean "prod"?'],
    [["check", "contextiq", "-e", "prdo"], "--environment none"],
    [["graph", "contextiq", "-e", "prdo"], 'No topology here has an environment "prdo"'],
    [["explain", "debias", "evnts", ""], 'did you mean "events"?'],
    [["explain", "debias", "events"], "explain takes 3 words"],
    [["explain", "debias", "events", "k", "--header", "x"], "name=text, name:=json"],
    [["explain", "debias", "events", "k", "--header", "x:={"], "is no JSON"],
    [["explain", "all", "amq.topic", "k"], "--topology NAME"],
    [["explain", "all", "amq.topic", "k", "--topology", "debais"], 'did you mean "debias"?'],
  ])("wrong use: %j", async (words, said) => {
    const { code, out, error } = await warren(...words);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(error).toContain(said);
    expect(error).not.toMatch(/geheim|\n\s+at /);
  });

  test("a verb other than check shows structural faults and ends", async () => {
    for (const words of [
      ["graph", "typo.json"],
      ["diff", "debias", "typo.json"],
      ["migrate", "typo.json", "q"],
    ])
      expect(await warren(...words)).toMatchObject({ code: 2, out: "", error: expect.stringContaining('no key "quees"') });
  });
});

describe("explain", () => {
  test("says which queues, and JSON has queues, unroutable, paths", async () => {
    expect((await warren("explain", "debias", "events", "")).out).toContain("events.neo4j");
    const { code, out } = await warren("explain", "contextiq", "contextiq.events", "session.created", "--json");
    expect(code).toBe(0);
    const found = parsed(out);
    expect(Object.keys(found)[0]).toBe("version");
    expect([...found.queues].sort()).toEqual(["events.analytics", "events.logging", "events.webhook", "session.events"]);
    expect(found).toMatchObject({ unroutable: false, paths: expect.any(Array) });
    expect(parsed((await warren("explain", "contextiq", "contextiq.events", "x", "--json")).out)).toMatchObject({
      queues: [],
      unroutable: true,
    });
  });

  test("headers are text, or typed", async () => {
    file(
      "headers.json",
      JSON.stringify({
        name: "h",
        exchanges: { h: { type: "headers" } },
        queues: {
          number: { type: "quorum", from: { h: { headers: { n: 3 } } } },
          text: { type: "quorum", from: { h: { headers: { n: "3" } } } },
        },
      }),
    );
    const queues = async (...header: string[]): Promise<unknown> =>
      parsed((await warren("explain", "headers.json", "h", "", "--json", ...header)).out).queues;
    expect(await queues("--header", "n:=3")).toEqual(["number"]);
    expect(await queues("--header", "n=3")).toEqual(["text"]);
    expect(await queues("--header", "n=3", "--header", "n:=3")).toEqual(["number"]);
  });

  test("of several topologies the one that has the exchange", async () => {
    expect(parsed((await warren("explain", "all", "fo_analytics", "document.process", "--json")).out)).toMatchObject({
      topology: "fo-analytics",
    });
  });
});

describe("the other verbs", () => {
  test("graph: format by option, by ending, Mermaid otherwise", async () => {
    expect((await warren("graph", "debias")).out).toContain("\nflowchart LR\n");
    expect((await warren("graph", "debias", "--format", "dot")).out).toMatch(/^digraph warren \{/);
    expect(await warren("graph", "debias", "-o", join(folder, "d.svg"))).toMatchObject({ code: 0, out: "" });
    expect(readFileSync(join(folder, "d.svg"), "utf8")).toMatch(/^<svg /);
  });

  test("definitions: what a broker imports, and what they leave out", async () => {
    const { code, out, error } = await warren("definitions", "debias");
    expect(code).toBe(0);
    expect(parsed(out).queues).toContainEqual(expect.objectContaining({ name: "events.neo4j" }));
    expect(error).toMatch(/left out: user debias\.event-api/);
    expect(parsed((await warren("definitions", "debias", "--json")).out)).toMatchObject({
      version: 1,
      definitions: {},
      leftOut: expect.any(Array),
    });
  });

  test("permissions: three expressions, topics, and why", async () => {
    const { permissions, version } = parsed((await warren("permissions", "contextiq", "--json")).out);
    expect(version).toBe(1);
    expect(permissions.find(({ service }) => service === "extraction-worker")).toEqual({
      user: "contextiq.extraction-worker",
      service: "extraction-worker",
      vhost: "contextiq",
      configure: "",
      write: "^(amq\\.default|contextiq\\.consolidation|contextiq\\.dlx|contextiq\\.extraction|extraction\\.requests\\.retry)$",
      read: "^extraction\\.requests$",
      topic: [
        { exchange: "contextiq.extraction", write: "^extraction\\.result$", read: "" },
        { exchange: "contextiq.consolidation", write: "^consolidation\\.request$", read: "" },
      ],
      why: [
        "publishes extraction.result: write on contextiq.extraction, key extraction.result",
        "publishes consolidation.request: write on contextiq.consolidation, key consolidation.request",
        "consumes extraction.requests: read; write on extraction.requests.retry and contextiq.dlx for what fails",
        "replies to requests: write on the default exchange, which reaches any queue",
      ],
    });
    expect((await warren("permissions", "cgcg")).out).toMatch(/cgcg\.worker {2}service worker, vhost cgcg\n {2}configure {3}\^control/);
  });

  test.each(["check", "graph", "explain", "definitions", "permissions", "diff", "drift", "env"])(
    "%s --help has an example",
    async (verb) => {
      const { code, out } = await warren(verb, "--help");
      expect(code).toBe(0);
      expect(out).toMatch(new RegExp(`\\n {2}\\$ warren ${verb}`));
      expect(out).toContain("--json");
    },
  );

  test("the help shows how a topology is written, and that one has no faults", async () => {
    const { code, out } = await warren("help");
    expect(code).toBe(0);
    file("shop.ts", /\/\/ shop\.ts, for: warren (.*)\n([^]*?)\n\n/.exec(out)?.[2] ?? "");
    expect(await warren("check", "./shop.ts", "--strict")).toMatchObject({ code: 0, error: "" });
  });

  test("no control character of a name reaches a terminal", async () => {
    for (const words of [["check"], ["graph"], ["definitions"], ["permissions"]]) {
      const { out, error } = await warren(...words, "evil.json");
      expect(out + error).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
    }
    expect((await warren("graph", "evil.json", "--format", "svg")).out).not.toContain("<script");
  });
});

test("colours only on a terminal, and not with NO_COLOR", () => {
  expect(styleFor({ isTTY: true }, {})("red", "x")).toBe("\u001b[31mx\u001b[39m");
  expect(styleFor({ isTTY: true }, { NO_COLOR: "1" })("red", "x")).toBe("x");
  expect(styleFor({ isTTY: false }, {})("red", "x")).toBe("x");
});

describe("as a process", () => {
  const process_ = (...words: readonly string[]): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, [BIN, ...words], { encoding: "utf8", cwd: folder });

  test("exit codes 0, 1, 2", () => {
    expect(process_("check", "debias")).toMatchObject({ status: 0, stderr: "" });
    expect(process_("check", "fault.ts")).toMatchObject({ status: 1, stderr: "" });
    expect(process_("chekc")).toMatchObject({ status: 2, stdout: "" });
    expect(process_()).toMatchObject({ status: 2, stdout: "" });
  });

  test("npx finds it in the checkout", () => {
    const { status, stdout } = spawnSync("npx", ["--no-install", "warren", "--version"], { encoding: "utf8", cwd: join(__dirname, "..") });
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });

  test("JSON from the input", () => {
    const { status, stdout } = spawnSync(process.execPath, [BIN, "graph", "-", "--json"], {
      encoding: "utf8",
      input: readFileSync(join(folder, "definitions.json")),
    });
    expect({ status, nodes: parsed(stdout).nodes.length }).toEqual({ status: 0, nodes: 1 });
  });

  test("a reader that has had enough is no fault", async () => {
    const child = spawn(process.execPath, [BIN, "definitions", "contextiq"], { stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.destroy();
    let error = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (error += text));
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect(code).toBe(0);
    expect(error).not.toMatch(/EPIPE|failed/);
  });
});
