/** `warren review`: what the comment says, of revisions and files, with a preview, and how long it may be. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Topology } from "../../topology/model.js";
import { systems } from "../../topology/systems/index.js";
import { warrenCommand, type Said } from "../../testing/warren-command.js";
import { comment, LIMIT, marker, type Review } from "./comment.js";
import { readPreview } from "./preview.js";

let folder = "";
const git = (...words: readonly string[]): string =>
  execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false", ...words], {
    cwd: folder,
    encoding: "utf8",
  });
const write = (name: string, value: unknown): void =>
  writeFileSync(join(folder, name), typeof value === "string" ? value : JSON.stringify(value));
const orders = (more: Partial<Topology>): Topology => ({
  name: "orders",
  queues: { work: { type: "classic", from: { "amq.topic": "order.*" } } },
  ...more,
});

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "warren-review-"));
  git("init", "--quiet", "--initial-branch=main");
  write("orders.json", orders({}));
  git("add", ".");
  git("commit", "--quiet", "-m", "one");
  write("orders.json", orders({ queues: { work: { type: "quorum", from: { "amq.topic": "order.*.*" } } } }));
  write("new.json", { name: "new", queues: { q: { type: "quorum" } } });
  write("broken.json", { name: "orders", queues: { work: { type: "quorun" } } });
});
afterAll(() => rmSync(folder, { recursive: true }));

const warren = (...words: readonly string[]): Promise<Said> => warrenCommand(["review", ...words], { cwd: folder });

const urn = (types: string, name: string): string => `urn:pulumi:prod::shop::${types}::${name}`;
const QUEUE = "warren:index:RabbitTopology$rabbitmq:index/queue:Queue";
const preview = {
  steps: [
    { op: "same", urn: urn("pulumi:pulumi:Stack", "shop-prod") },
    { op: "delete-replaced", urn: urn(QUEUE, "orders/queue/work"), newState: { inputs: { password: "SECRET" } } },
    { op: "replace", urn: urn(QUEUE, "orders/queue/work"), replaceReasons: ["settings"], diffReasons: ["settings"] },
    { op: "create-replacement", urn: urn(QUEUE, "orders/queue/work") },
    { op: "update", urn: urn("rabbitmq:index/policy:Policy", "orders/policy/a::b"), diffReasons: ["policy"] },
    { op: "delete", urn: urn("pulumi-nodejs:dynamic/warren:Queue", "orders/queue/x@y") },
    { op: "delete", urn: urn("rabbitmq:index/binding:Binding", "orders/binding/z") },
  ],
  diagnostics: [{ severity: "info", message: "fine" }],
};

describe("a comment", () => {
  test("revision against file: verdict, findings, messages, objects, both diagrams", async () => {
    const { code, out } = await warren("HEAD:orders.json", "orders.json");
    expect(code).toBe(0);
    expect(out.split("\n")[0]).toBe("<!-- warren-review: orders -->");
    expect(out).toContain("**⚠ 1 object would go with the messages in it; ⚠ ");
    const headings = [...out.matchAll(/^#+ (.*?)(?::.*)?$|<summary>(The flow.*)<\/summary>/gm)].map(([, title, flow]) => title ?? flow);
    expect(headings).toEqual(["RabbitMQ", "Check", "For messages", "For objects", "The flow before", "The flow after"]);
    expect(out).toContain('**⚠ Replace and lose messages**\n\n- queue `work` in `orders`: type: "classic" -&gt; "quorum"');
    expect(out.match(/```mermaid/g)).toHaveLength(2);
  });

  test("the same on both sides", async () => {
    const { code, out } = await warren("HEAD:orders.json", "HEAD:orders.json");
    expect(code).toBe(0);
    expect(out).toContain("**Nothing changes.**");
    expect(out).toContain("<summary>The flow, as before</summary>");
    expect(out).toContain("<summary>There before: 1 finding</summary>");
  });

  test("a file that the revision does not have is new", async () => {
    const { code, out } = await warren("HEAD:new.json", "new.json");
    expect(code).toBe(0);
    expect(out).toContain("**It is new.**\n\n`new.json` is new: there is none at `HEAD:new.json`.");
    expect(out).toContain("- vhost `new`: 1 queue");
    expect(await warren("HEAD:new.json", "nowhere.json")).toMatchObject({ code: 2, out: "" });
  });

  test("errors of the check, also where the structure is wrong", async () => {
    const { code, out } = await warren("HEAD:orders.json", "broken.json", "--name", "orders");
    expect(code).toBe(1);
    expect(out).toMatch(/\*\*⛔ 1 error\.\*\*/);
    expect(out).toContain("- **error** `");
    expect(out).not.toContain("### For messages");
  });

  test("a preview: what is replaced is one line, losses are marked and first, no value is shown", async () => {
    write("preview.json", `Previewing...\n${JSON.stringify(preview, null, 2)}`);
    const { code, out } = await warren("HEAD:orders.json", "orders.json", "--preview", "preview.json");
    expect(code).toBe(0);
    expect(out).toContain("### Preview: 2 to delete, 1 to replace, 1 to update");
    const rows = out.split("\n").filter((line) => /^\| (⚠ )?(delete|replace|update)/.test(line));
    expect(rows).toEqual([
      "| ⚠ delete | `orders/queue/x@y` | Queue |  |",
      "| ⚠ replace | `orders/queue/work` | Queue | `settings` |",
      "| delete | `orders/binding/z` | Binding |  |",
      "| update | `orders/policy/a::b` | Policy | `policy` |",
    ]);
    expect(out).not.toContain("SECRET");
  });

  test("a preview that failed", async () => {
    const message = "\u001b[31mup would lose 3 messages\u001b[0m in 1 queue at http://me:SECRET@rabbit";
    write("failed.json", { steps: [], diagnostics: [{ severity: "error", message }] });
    const { code, out } = await warren("HEAD:orders.json", "orders.json", "--preview", "failed.json");
    expect(code).toBe(1);
    expect(out).toContain("⛔ the preview failed");
    expect(out).toMatch(/```text\nup would lose 3 messages in 1 queue/);
    expect(out).not.toContain("SECRET");
  });

  test("as JSON", async () => {
    const printed = JSON.parse((await warren("HEAD:orders.json", "orders.json", "--json")).out);
    expect(Object.keys(printed)).toEqual([
      "version",
      "name",
      "from",
      "to",
      "isNew",
      "findings",
      "changes",
      "unknown",
      "objects",
      "preview",
      "comment",
    ]);
    expect(printed).toMatchObject({ version: 1, name: "orders", isNew: false, preview: null });
    expect(printed.findings[0]).toMatchObject({ code: "queue-unbounded", isNew: false });
  });

  test.each([
    [["orders.json"], "missing required argument 'new'"],
    [["HEAD:orders.json", "orders.json", "--preview", "nowhere.json"], "cannot be read (ENOENT)"],
    [["HEAD:orders.json", "orders.json", "--preview", "orders.json"], "neither steps nor diagnostics"],
    [["man:orders.json", "orders.json"], 'did you mean "main"?'],
  ])("wrong use: %j", async (words, said) => {
    const { code, out, error } = await warren(...words);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(error).toContain(said);
  });
});

describe("never longer than a comment may be", () => {
  const finding = { code: "x", severity: "warning", topology: "t", path: "p", message: "m", remedy: "r", isNew: true } as const;
  const review = (more: Partial<Review>): Review => ({ name: "t", from: "a", to: "b", isNew: false, findings: [finding], ...more });

  test("diagrams go first, then details; the head stays", () => {
    const long = comment(review({ before: "b".repeat(40_000), after: "a".repeat(40_000) }));
    expect(long).toContain("b".repeat(40_000));
    expect(long).toContain("The flow after: left out, the comment would be too long");
    const longer = comment(review({ findings: Array.from({ length: 3000 }, () => finding), before: "b".repeat(60_000) }));
    expect(longer.length).toBeLessThanOrEqual(LIMIT + 1);
    expect(longer).toContain("### Check: 3000 warnings");
    expect(longer.startsWith(marker("t"))).toBe(true);
  });

  test("the marker cannot be ended by a name", () => expect(marker("a --> <b>\n")).toBe("<!-- warren-review: a _ _b__ -->"));
});

test("the five systems, each against a changed one", async () => {
  for (const [name, system] of Object.entries(systems)) {
    const plain = { ...system, messages: {}, services: {}, silence: [] };
    write("before.json", plain);
    write("after.json", { ...plain, settings: system.settings === "arguments" ? "policy" : "arguments" });
    const { out } = await warren("before.json", "after.json", "--name", name);
    expect({ name, out }).toEqual({ name, out: expect.stringContaining("⚠ Replace and lose messages") });
    expect(out.length).toBeLessThan(LIMIT + 100);
  }
});

test("other shapes of a preview are refused", () => {
  expect(() => readPreview("nothing", "p.json")).toThrow("p.json is no preview of Pulumi");
  expect(() => readPreview('{"steps": 1}', "p.json")).toThrow("p.json is no preview of Pulumi");
});
