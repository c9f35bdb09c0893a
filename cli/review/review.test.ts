/** `warren review`: what the comment says, of revisions and files, with a preview, and how long it may be. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Topology } from "../../topology/model.js";
import { systems } from "../../topology/systems/index.js";
import { fakeBroker, json } from "../../testing/fake-broker.js";
import { warrenCommand, type Said } from "../../testing/warren-command.js";
import { comment, LIMIT, marker, type Review } from "./comment.js";
import { passes, verdict } from "./verdict.js";

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
    { op: "replace", urn: urn("rabbitmq:index/exchange:Exchange", "orders/exchange/e"), replaceReasons: ["settings"] },
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
    expect(await warren("HEAD:new.json", "nowhere.json")).toMatchObject({ code: 2 });
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
    const words = ["HEAD:orders.json", "orders.json", "--preview", "preview.json"];
    const { code, out } = await warren(...words);
    expect(code).toBe(1);
    expect(out).toContain(
      "**⛔ the preview deletes or replaces 2 resources with the messages in them; ⚠ the preview replaces 1 exchange; ⚠ 1 object would go",
    );
    // What is agreed to is told all the same.
    expect(await warren(...words, "--allow-data-loss")).toMatchObject({ code: 0, out });
    expect(out).toContain("### Preview: 2 to delete, 2 to replace, 1 to update");
    const rows = out.split("\n").filter((line) => /^\| (⚠ )?(delete|replace|update)/.test(line));
    expect(rows).toEqual([
      "| ⚠ delete | `orders/queue/x@y` | Queue |  |",
      "| ⚠ replace | `orders/queue/work` | Queue | `settings` |",
      "| delete | `orders/binding/z` | Binding |  |",
      "| replace | `orders/exchange/e` | Exchange | `settings` |",
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

  test.each([
    ["nothing", "", "### Preview: it cannot be read", /it is empty, so Pulumi ended before it looked/],
    ["no JSON", "error: no stack selected", "### Preview: it cannot be read", /is no preview of Pulumi: it is no JSON/],
    ["another shape", '{"steps": 1}', "### Preview: it cannot be read", /is no preview of Pulumi: .*array/],
    ["other JSON", "{}", "### Preview: it cannot be read", /it has neither steps nor diagnostics/],
  ])("a preview that cannot be read: %s", async (_, text, title, why) => {
    write("unread.json", text);
    const { code, out } = await warren("HEAD:orders.json", "HEAD:orders.json", "--preview", "unread.json", "--allow-data-loss");
    expect(code).toBe(1);
    expect(out).toContain("**⛔ the preview cannot be read.**");
    expect(out).toContain(title);
    expect(out).toMatch(why);
  });

  test("steps that are not known", async () => {
    const steps = [...["same", "refresh", "read", "discard", "retype"].map((op) => ({ op, urn: urn(QUEUE, "orders/queue/work") }))];
    write("unknown.json", { steps });
    const { code, out } = await warren("HEAD:orders.json", "HEAD:orders.json", "--preview", "unknown.json", "--allow-data-loss");
    expect(code).toBe(1);
    expect(out).toContain("**⛔ the preview has 1 step that Warren does not know.**");
    expect(out).toContain("Steps that Warren does not know: `retype of orders/queue/work`.");
  });

  test("a preview that ended with an exit code, and gave no error", async () => {
    write("quiet.json", { steps: [] });
    const words = ["HEAD:orders.json", "HEAD:orders.json", "--preview", "quiet.json", "--preview-exit"];
    expect(await warren(...words, "0")).toMatchObject({ code: 0, out: expect.stringContaining("**Nothing changes.**") });
    const { code, out } = await warren(...words, "255");
    expect(code).toBe(1);
    expect(out).toMatch(/\*\*⛔ the preview failed\.\*\*[^]*pulumi preview ended with exit code 255/);
  });

  test("definitions that a broker exported know nothing of vhosts and users that are not in them", async () => {
    const vhost = "orders";
    const queue = { name: "work", vhost, durable: true, auto_delete: false, arguments: { "x-queue-type": "quorum" } };
    write("exported.json", { rabbitmq_version: "4.3.6", vhosts: [{ name: vhost }, { name: "elsewhere" }], queues: [queue] });
    write("code.json", { name: "orders", queues: { work: { type: "quorum" } } });
    const { out } = await warren("exported.json", "code.json", "--json");
    expect(JSON.parse(out)).toMatchObject({ changes: [], objects: [] });
  });

  test("what cannot be reviewed says so in place of the verdict before, under its name, without credentials", async () => {
    write("throws.js", 'throw new Error("no luck at amqp://u:SECRET@host, ".repeat(200));\n');
    const file = join(folder, "review.md");
    const { code, error } = await warren("HEAD:orders.json", "throws.js", "-o", file, "--commit", "0123456789abcdef");
    expect({ code, error }).toEqual({ code: 2, error: expect.stringContaining("no luck at") });
    const text = readFileSync(file, "utf8");
    expect(text).toMatch(
      /^<!-- warren-review: orders -->\n## RabbitMQ: orders\n\n\*\*⛔ It could not be reviewed\.\*\*\n\nFrom `HEAD:orders\.json` to `throws\.js`\. Commit 0123456789abcdef\.\n\n```text\n.*no luck at amqp:\/\/host/,
    );
    expect(text).not.toContain("SECRET");
    expect(text.length).toBeLessThan(3000);
  });

  test("a broker of --live that cannot count", async () => {
    const { url } = await fakeBroker(json(403, { error: "forbidden", reason: "nope" }));
    const { code, out } = await warren("HEAD:orders.json", "orders.json", "--live", url.replace("//", "//u:p@"), "--json");
    expect(code).toBe(2);
    expect(JSON.parse(out)).toMatchObject({
      ...{ version: 1, name: "orders", from: "HEAD:orders.json", to: "orders.json", fault: expect.stringContaining("may not GET") },
      comment: expect.stringContaining("⛔ It could not be reviewed"),
    });
  });

  test("names the commit of a revision, and the sizes that it judged", async () => {
    const sized = (maxLength: number) => orders({ environments: { prod: { queues: { work: { maxLength } } }, dev: {} } });
    write("small.json", sized(5));
    write("large.json", sized(5000));
    const base = await warren("large.json", "small.json");
    expect(base.out).toContain(
      "**Nothing changes. ⚠ These are the base sizes, and there are environments with their own: prod, dev (-e NAME).**",
    );
    const prod = await warren("large.json", "small.json", "-e", "prod");
    expect(prod.out).toContain("**⚠ 1 change by which messages are lost.**\n\nFrom `large.json` to `small.json`. Sizes of `prod`.\n");
    const { out } = await warren("HEAD:orders.json", "HEAD:orders.json", "-e", "prod");
    expect(out).toContain(`to \`HEAD:orders.json\`. Commit ${git("rev-parse", "HEAD").trim()}.\n`);
    expect(out).not.toContain("izes");
  });

  test("as JSON", async () => {
    const printed = JSON.parse((await warren("HEAD:orders.json", "orders.json", "--json")).out);
    expect(Object.keys(printed)).toEqual([
      "version",
      "name",
      "commit",
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
    expect(printed).toMatchObject({ version: 1, name: "orders", commit: null, isNew: false, preview: null });
    expect(printed.findings[0]).toMatchObject({ code: "queue-unbounded", isNew: false });
  });

  test.each([
    [["orders.json"], "missing required argument 'new'"],
    [["HEAD:orders.json", "orders.json", "--preview", "orders.json", "--preview-exit", "no"], "a number from 0 to 255"],
    [["HEAD:orders.json", "orders.json", "--commit", "<b>"], "A commit is its hash"],
  ])("wrong use: %j", async (words, said) => {
    const { code, out, error } = await warren(...words);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(error).toContain(said);
  });

  test.each([
    [["HEAD:orders.json", "orders.json", "--preview", "nowhere.json"], "cannot be read (ENOENT)"],
    [["HEAD:orders.json", "orders.json", "--preview-exit", "1"], "--preview-exit is given, and no preview"],
    [["man:orders.json", "orders.json"], 'did you mean "main"?'],
  ])("cannot be reviewed: %j", async (words, said) => {
    const { code, out, error } = await warren(...words);
    expect(code).toBe(2);
    expect(error).toContain(said);
    expect(out).toContain(said);
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

describe("no loss was found only where nobody gets less", () => {
  const before: Topology = {
    name: "shop",
    vhost: { limits: { maxConnections: 10, maxQueues: -1 } },
    exchanges: { orders: { type: "direct" }, other: { type: "fanout" } },
    queues: { work: { type: "quorum", from: { orders: "paid" }, maxLength: 10 } },
    services: { packer: { consumes: ["work"] } },
  };
  test.each<[string, Partial<Topology>, string]>([
    ["a notice", { services: { ...before.services, auditor: { consumes: ["work"] } } }, "No loss was found."],
    ["a higher limit", { vhost: { limits: { maxConnections: 11, maxQueues: -1 } } }, "No loss was found."],
    ["limits", { vhost: { limits: { maxConnections: 0, maxQueues: 5 } } }, "⚠ 2 limits would be lower: what is beyond is refused."],
    [
      "exchanges that are replaced",
      { exchanges: { orders: { type: "topic" }, other: { type: "topic" } } },
      "⚠ 2 exchanges would be deleted and made again: what is published meanwhile is unroutable or refused.",
    ],
    ["a service that goes", { services: {} }, "⚠ 2 breaking changes."],
  ])("%s", async (_, change, said) => {
    write("before.json", before);
    write("after.json", { ...before, ...change });
    const { code, out } = await warren("before.json", "after.json");
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining(`**${said}**`) });
  });
  test("what has no exact answer", () => {
    const difference = { version: 1, changes: [], unknown: [{ vhost: "t", reason: "r", text: "t" }] } as const;
    expect(verdict({ name: "t", from: "a", to: "b", isNew: false, findings: [], difference })).toBe(
      "⚠ 1 difference without an exact answer.",
    );
  });
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

describe("messages that a broker holds now", () => {
  const change = {
    kind: "queue",
    vhost: "t",
    name: "q",
    consequence: "delete and lose messages",
    path: "queues.q",
    differences: [],
  } as const;
  const of = (messages: number | null): Review => ({
    ...{ name: "t", from: "a", to: "b", isNew: false, findings: [], difference: { version: 1, changes: [], unknown: [] } },
    objects: [{ ...change, messages }],
  });

  test.each([
    [3, "⛔ 3 messages would be lost now; ⚠ 1 object would go with the messages in it.", false],
    [0, "⚠ 1 object would go with the messages in it.", true],
    [null, "⚠ the broker has no count of 1 queue that would go; ⚠ 1 object would go with the messages in it.", true],
  ])("%j", (messages, said, passed) => {
    expect(verdict(of(messages))).toBe(said);
    expect(passes(of(messages))).toBe(passed);
    expect(passes(of(messages), { allowDataLoss: true })).toBe(true);
  });
});
