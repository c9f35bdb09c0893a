/** `warren diff`: files, git revisions and definitions; formats, exit codes, wrong use. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compileInstallation } from "../topology/compile/compile.js";
import { definitions } from "../topology/compile/definitions.js";
import type { Difference } from "../topology/difference/index.js";
import type { Topology } from "../topology/model.js";
import { run } from "./main.js";

let folder = "";
const temporary = process.env["TMPDIR"];
const NO_DIFFERENCE = "No difference for messages.\n";

interface Result {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

async function warren(cwd: string, ...words: readonly string[]): Promise<Result> {
  let [out, error] = ["", ""];
  const code = await run(
    words,
    { out: (text) => void (out += text), error: (text) => void (error += text), style: (_, text) => text, cwd, environment: {} },
    "1.2.3",
  );
  return { code, out, error };
}

const git = (...words: readonly string[]): string =>
  execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false", ...words], {
    cwd: join(folder, "repository"),
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
const file = (name: string, text: string): void => writeFileSync(join(folder, "repository", name), text);
const topology = (key: string): string =>
  `import { topology } from "warren";\nimport { TYPE } from "../words.js";\nimport { WAIT } from "waits";\n` +
  `export const bills = topology({ name: "bills" });\n` +
  `export default topology({ name: "orders", exchanges: { orders: { type: "topic" } }, ` +
  `queues: { work: { type: TYPE, from: { orders: "${key}" }, messageTtl: WAIT } } });\n`;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "warren-diff-"));
  for (const path of ["repository/topology", "packages/waits", "plain", "temporary"]) mkdirSync(join(folder, path), { recursive: true });
  process.env["TMPDIR"] = join(folder, "temporary");
  writeFileSync(join(folder, "packages/waits/index.js"), 'exports.WAIT = "1 hour";\n');
  git("init", "--quiet", "--initial-branch=main");
  symlinkSync(join(folder, "packages"), join(folder, "repository/node_modules"), "junction");
  file(".gitignore", "node_modules\n");
  file("words.ts", 'export const TYPE = "quorum" as const;\n');
  file("topology/orders.ts", topology("order.*.created"));
  git("add", ".");
  git("commit", "--quiet", "-m", "one");
  git("tag", "v1");
  // What the file needs is otherwise as well: it has to come from the revision.
  file("words.ts", 'export const TYPE = "classic" as const;\n');
  file("topology/orders.ts", topology("order.*.paid"));
  git("commit", "--quiet", "-a", "-m", "two");
});
afterAll(() => {
  if (temporary === undefined) delete process.env["TMPDIR"];
  else process.env["TMPDIR"] = temporary;
  rmSync(folder, { recursive: true, force: true });
});

const at = (...path: string[]): string => join(folder, "repository", ...path);

describe("git revisions", () => {
  test("are compared with their own files, from the root or from a folder", async () => {
    const found = await warren(at("topology"), "diff", "v1:topology/orders.ts", "./orders.ts");
    expect(found).toMatchObject({ code: 1, error: "" });
    expect(found.out).toContain('messages like "order.other.created" to orders are lost: they reached work');
    expect(found.out).toContain("queue work is deleted and made again (type)");
    expect((await warren(at("topology"), "diff", "HEAD~1:./orders.ts", "HEAD:./orders.ts")).out).toBe(found.out);
    expect(await warren(at(), "diff", "HEAD:topology/orders.ts", "topology/orders.ts")).toEqual({ code: 0, out: NO_DIFFERENCE, error: "" });
    expect(await warren(at(), "diff", "@:topology/orders.ts#bills", "topology/orders.ts#bills")).toMatchObject({ code: 0 });
  });

  test("leave the working tree, the index and the temporary folder as they were", async () => {
    file("words.ts", 'export const TYPE = "stream" as const;\n');
    git("add", "words.ts");
    const before = git("status", "--porcelain");
    await warren(at(), "diff", "v1:topology/orders.ts", "v1:topology/orders.ts");
    expect(git("status", "--porcelain")).toBe(before);
    git("reset", "--quiet", "--hard");
    expect(readdirSync(join(folder, "temporary"))).toEqual([]);
  });

  test.each([
    [["v2:topology/orders.ts"], 'did you mean "v1"?'],
    [["v1:orders.ts"], 'did you mean "v1:topology/orders.ts"?'],
    [["v1:topology/orders.ts#bils"], 'did you mean "bills"?'],
    [["v1:topology"], 'Revision "v1" has no file "topology"'],
    [["--", "--output=x:topology/orders.ts"], 'git knows no revision "--output=x"'],
  ])("wrong use: %j", async (words, said) => {
    const { code, out, error } = await warren(at(), "diff", ...words, "topology/orders.ts");
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(error).toContain(said);
  });

  test("where no repository is", async () => {
    expect(await warren(join(folder, "plain"), "diff", "main:a.ts", "contextiq")).toMatchObject({
      code: 2,
      error: expect.stringContaining("this is no git repository"),
    });
  });
});

describe("formats", () => {
  const words = ["diff", "v1:topology/orders.ts", "topology/orders.ts"];

  test("JSON: version first, then changes and what is unknown", async () => {
    const { code, out } = await warren(at(), ...words, "--json");
    expect(code).toBe(1);
    const found = JSON.parse(out) as Difference;
    expect(Object.keys(found)).toEqual(["version", "changes", "unknown", "objects"]);
    expect(found.changes[0]).toMatchObject({
      kind: "route",
      severity: "loss",
      vhost: "orders",
      exchange: "orders",
      example: { key: "order.other.created" },
      before: { queues: ["work"] },
      after: { queues: [] },
    });
  });

  test("Markdown, into a file", async () => {
    const path = join(folder, "plain", "difference.md");
    expect(await warren(at(), ...words, "--markdown", "-o", path)).toMatchObject({ code: 1, out: "" });
    const text = readFileSync(path, "utf8");
    expect(text).toMatch(/^### For messages: \d+ losses/);
    expect(text).toContain("**Messages are lost**\n\n- messages like");
    expect(await warren(at(), ...words, "--markdown", "--json")).toMatchObject({ code: 2 });
  });

  test("nothing that a name holds is markup, or moves the cursor", async () => {
    const evil = (queues: object): string => JSON.stringify({ name: "\u001b[31m<b>", queues });
    writeFileSync(join(folder, "plain/a.json"), evil({}));
    writeFileSync(join(folder, "plain/b.json"), evil({ "[x](y)<script>\u001b[2J": { type: "quorum" } }));
    for (const format of [[], ["--markdown"]]) {
      const { out } = await warren(join(folder, "plain"), "diff", "a.json", "b.json", ...format);
      expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
      if (format.length > 0) expect(out.replace(/`[^`]+`/g, "")).not.toMatch(/<script|(?<!\\)\[x/);
    }
  });
});

test("objects: what is only otherwise for objects is a difference too", async () => {
  const queue = { type: "quorum", maxLength: 5 };
  writeFileSync(join(folder, "plain/policy.json"), JSON.stringify({ name: "t", queues: { q: queue } }));
  writeFileSync(join(folder, "plain/argument.json"), JSON.stringify({ name: "t", settings: "arguments", queues: { q: queue } }));
  const cwd = join(folder, "plain");
  const { code, out } = await warren(cwd, "diff", "policy.json", "argument.json");
  expect(code).toBe(1);
  expect(out).toContain('replace and lose messages  t: queue q: arguments["x-max-length"]: nothing -> 5\n');
  expect(out).toContain("delete                     t: policy q\n");
  expect(out).toMatch(/\n\n1 replacement that loses messages, 1 deletion\n$/);
  const { objects } = JSON.parse((await warren(cwd, "diff", "policy.json", "argument.json", "--json")).out) as { objects: object[] };
  expect(objects[0]).toMatchObject({ kind: "queue", vhost: "t", name: "q", consequence: "replace and lose messages", type: "quorum" });
  expect((await warren(cwd, "diff", "policy.json", "argument.json", "--markdown")).out).toContain(
    "**⚠ Replace and lose messages**\n\n- queue `q` in `t`: arguments",
  );
  expect(await warren(cwd, "diff", "policy.json", "policy.json", "--live", "http://127.0.0.1:1")).toMatchObject({
    code: 0,
    out: NO_DIFFERENCE,
  });
  expect(await warren(cwd, "diff", "policy.json", "argument.json", "--live", "http://a:geheim@127.0.0.1:1")).toMatchObject({
    code: 2,
    error: expect.stringContaining("No broker answers at http://127.0.0.1:1"),
  });
});

test("definitions are compared by what a broker knows", async () => {
  const topology: Topology = {
    name: "orders",
    exchanges: { orders: { type: "topic" } },
    queues: { work: { type: "quorum", from: { orders: "a.*" }, retry: ["1 second"], messageTtl: "1 hour" } },
    messages: { m: { to: "orders", key: "a.b" } },
    services: { s: { publishes: ["m"], consumes: ["work"] } },
  };
  writeFileSync(join(folder, "plain/code.json"), JSON.stringify(topology));
  writeFileSync(join(folder, "plain/broker.json"), JSON.stringify(definitions(compileInstallation({ topologies: [topology] }))));
  const cwd = join(folder, "plain");
  expect(await warren(cwd, "diff", "broker.json", "code.json")).toMatchObject({ code: 0, out: NO_DIFFERENCE });
  expect(await warren(cwd, "diff", "code.json", "broker.json")).toMatchObject({ code: 0, out: NO_DIFFERENCE });
});

test.each([
  [["contextiq"], "diff takes two topologies"],
  [["contextiq", "debias", "--broker", "http://a:geheim@127.0.0.1:1"], "diff takes one topology with --broker"],
  [["contextiq", "--broker", "http://a:geheim@127.0.0.1:1"], "No broker answers at http://127.0.0.1:1"],
  [["contextiq", "contextip"], 'did you mean "contextiq"?'],
  [["-", "-"], "Both topologies are to come from the input"],
  [["contextiq", "contextiq", "-e", "prdo"], 'did you mean "prod"?'],
])("wrong use: %j", async (words, said) => {
  const { code, out, error } = await warren(folder, "diff", ...words);
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(error).toContain(said);
  expect(error).not.toContain("geheim");
});
