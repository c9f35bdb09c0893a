/** `warren drift --watch` and `--textfile`: only changes are told, a broker that is away is told once, files are whole. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Drift } from "../../broker/drift.js";
import { fakeBroker, holding, json } from "../../testing/fake-broker.js";
import { WarrenError } from "../../topology/errors.js";
import { warrenCommand, type Said } from "../../testing/warren-command.js";
import { textfile, writeTextfile, type Look } from "./textfile.js";
import { changedLines, watchDrift } from "./watch.js";

let folder = "";
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), "warren-drift-"))));
afterAll(() => rmSync(folder, { recursive: true }));

const none: Drift = { version: 1, missing: [], mismatched: [], extra: [] };
const extra = (name: string) => ({ kind: "policy", vhost: "t", name, path: "" }) as const;
const missing = (name: string) => ({ kind: "queue", vhost: "t", name, path: `queues.${name}` }) as const;

test("a watch tells the first look, changes, a fault once and its end, and stops when told", async () => {
  const away = new WarrenError("No broker answers.");
  const looks: (Drift | WarrenError)[] = [none, none, { ...none, extra: [extra("a")] }, away, away, { ...none, extra: [extra("b")] }, none];
  let tell = (): void => undefined;
  const stop = new Promise<void>((resolve) => (tell = resolve));
  const told: string[] = [];
  const seen: Look[] = [];
  const last = await watchDrift({
    look: async () => {
      const next = looks.shift();
      if (looks.length === 0) tell();
      if (!next || next instanceof WarrenError) throw next ?? new Error("one look too many");
      return next;
    },
    every: 1,
    stop,
    now: () => seen.length,
    onLook: (look) => seen.push(look),
    onDrift: (now, before) => told.push(...(before ? changedLines(before, now) : ["first"])),
    onFault: (fault) => told.push(fault?.message ?? "again"),
  });
  expect(told).toEqual([
    "first",
    "+ extra       t: policy a",
    expect.stringContaining("No broker answers."),
    "again",
    "- extra       t: policy a",
    "+ extra       t: policy b",
    "- extra       t: policy b",
  ]);
  expect(seen.map(({ up }) => up)).toEqual([true, true, true, false, false, true, true]);
  expect(seen[4]).toMatchObject({ drift: { extra: [{ name: "a" }] }, at: 2 });
  expect(last).toEqual(none);
});

test("the first look has to succeed", async () => {
  const never = new Promise<void>(() => undefined);
  const watch = { every: 1, stop: never, now: () => 0, onLook: () => undefined, onDrift: () => undefined, onFault: () => undefined };
  await expect(watchDrift({ ...watch, look: () => Promise.reject(new WarrenError("away")) })).rejects.toThrow("away");
});

test("the text format: help and type before samples, labels escaped, no timestamps", () => {
  const drift = { ...none, missing: [missing("a"), missing("b")], extra: [{ ...extra("x"), vhost: null }] };
  expect(textfile({ drift, at: 1_700_000_000_500, up: true }, ["t", 'q"\\'])).toBe(
    [
      "# HELP warren_drift_objects Objects that differ from the topology: missing, mismatched, extra. Without a vhost: those that belong to none.",
      "# TYPE warren_drift_objects gauge",
      ...["missing 0 2 0", "mismatched 0 0 0", "extra 1 0 0"].flatMap((row) => {
        const [kind, ...counts] = row.split(" ");
        return ["", "t", 'q\\"\\\\'].map((vhost, index) => `warren_drift_objects{vhost="${vhost}",kind="${kind}"} ${counts[index]}`);
      }),
      "# HELP warren_drift_up 1 if the last look at the broker told whether there is drift.",
      "# TYPE warren_drift_up gauge",
      "warren_drift_up 1",
      "# HELP warren_drift_last_success_timestamp_seconds When the broker was last compared with the topology.",
      "# TYPE warren_drift_last_success_timestamp_seconds gauge",
      "warren_drift_last_success_timestamp_seconds 1700000000.5",
      "",
    ].join("\n"),
  );
  expect(textfile({ up: false }, ["t"])).toMatch(/^# HELP warren_drift_up .*\n# TYPE warren_drift_up gauge\nwarren_drift_up 0\n$/);
});

test("a file is replaced whole, and nothing else is left", () => {
  const file = join(folder, "a.prom");
  writeTextfile(file, "one\n");
  writeTextfile(file, "two\n");
  expect(readFileSync(file, "utf8")).toBe("two\n");
  expect(readdirSync(folder)).toEqual(["a.prom"]);
  expect(() => writeTextfile(join(folder, "not/there.prom"), "x")).toThrow("cannot be written (ENOENT)");
});

const warren = (...words: readonly string[]): Promise<Said> => warrenCommand(["drift", ...words], { cwd: folder });

test("once, from the command: the file, also where no broker answers", async () => {
  writeFileSync(join(folder, "t.json"), JSON.stringify({ name: "t", queues: { q: { type: "quorum" } } }));
  const broker = await fakeBroker(holding({ vhosts: [{ name: "t" }] }));
  const file = join(folder, "w.prom");
  const url = broker.url.replace("//", "//u:p@");
  expect(await warren("t.json", "--broker", url, "--textfile", file)).toMatchObject({
    code: 1,
    out: expect.stringContaining("missing on the broker: 1"),
  });
  expect(readFileSync(file, "utf8")).toContain('warren_drift_objects{vhost="t",kind="missing"} 1\n');
  expect(await warren("t.json", "--broker", "http://u:p@127.0.0.1:1", "--textfile", file)).toMatchObject({ code: 2 });
  expect(readFileSync(file, "utf8")).toContain("\nwarren_drift_up 0\n");
});

test("which broker it is, without its credentials", async () => {
  writeFileSync(join(folder, "t.json"), JSON.stringify({ name: "t" }));
  const { url } = await fakeBroker(holding({ vhosts: [{ name: "t" }] }));
  const { code, out, error } = await warren("t.json", "--broker", url.replace("//", "//u:p@"), "--json");
  expect({ code, error }).toEqual({ code: 0, error: `broker: ${url} (--broker)\n` });
  expect(JSON.parse(out)).toEqual({ ...none, broker: { endpoint: url } });
});

test("1 is drift alone: what cannot be told is 2", async () => {
  writeFileSync(join(folder, "wrong.json"), JSON.stringify({ name: "t", queues: { q: { type: "nope" } } }));
  writeFileSync(join(folder, "t.json"), JSON.stringify({ name: "t" }));
  const { url } = await fakeBroker(json(403, { error: "forbidden", reason: "nope" }));
  const broker = ["--broker", url.replace("//", "//u:p@")];
  expect(await warren("wrong.json", ...broker)).toMatchObject({ code: 2, out: "", error: expect.stringContaining("cannot be read") });
  expect(await warren("t.json", ...broker)).toMatchObject({ code: 2, out: "", error: expect.stringContaining("may not GET") });
});

test.each([
  [["contextiq", "--interval", "5s"], "--interval is for --watch"],
  [["contextiq", "--watch", "--interval", "10ms"], "1s to 24h"],
  [["contextiq", "--watch", "--interval", "soon"], "no length of time"],
  [["contextiq", "--textfile", "x.txt"], "does not end in .prom"],
])("refuses %j", async (words, said) => {
  const { code, out, error } = await warren(...words);
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(error).toContain(said);
});
