/** `warren size`: what it prints, draws, refuses. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { warrenCommand, type Said } from "../testing/warren-command.js";

let folder = "";
const at = (name: string): string => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "warren-cli-size-"));
  writeFileSync(at("curve.txt"), "1 1 2, 4\n2");
  writeFileSync(at("night.txt"), "1 dark");
  writeFileSync(at("run.csv"), "time,depth,replicas,messages\n0,250,1,250\n5,240,1,\n10,230,3,\n15,200,3,\n");
  writeFileSync(at("t.json"), JSON.stringify({ name: "t", queues: { q: { type: "quorum" } }, services: { s: { consumes: ["q"] } } }));
  writeFileSync(at("plain.json"), "null");
  writeFileSync(at("odd.json"), '{ "scaleUp": { "policy": 3 } }');
  writeFileSync(at("none.json"), JSON.stringify({ name: "t", services: { s: {} } }));
});
afterAll(() => rmSync(folder, { recursive: true }));

const warren = (...words: readonly string[]): Promise<Said> => warrenCommand(["size", ...words], { cwd: folder });

test("prints a table, a day, and what is assumed", async () => {
  const { code, out, error } = await warren("fo-analytics");
  expect({ code, error }).toEqual({ code: 0, error: "" });
  expect(out).toMatch(/^worker +1\.\.4 pinned +50 pinned +- +1 +1 +0\.14 +0\.35 +6 s, 15 s +10 min$/m);
  expect(out).toMatch(/^ {2}its figures ask for 1\.\.4 replicas, 50 messages each: what the topology says$/m);
  expect(out).toMatch(/^ {2}replicas +[▁-█]{72} {2}1 to \d/m);
  expect(out).toMatch(/^assumed: a day of one hill.* \(all\)$/m);
});

test("says of every figure that nobody gave that it is assumed", async () => {
  const { out } = await warren("t.json");
  expect(out.match(/^assumed: /gm)).toHaveLength(7);
  expect((await warren("t.json", "--rate", "3", "--mean", "20ms", "--p95", "50ms")).out.match(/^assumed: /gm)).toHaveLength(4);
});

test("JSON: version first, numbers, the day; the same for the same seed", async () => {
  const words = ["fo-analytics", "--json", "--price", "0.5"];
  const { code, out } = await warren(...words);
  expect(code).toBe(0);
  expect(out.startsWith('{\n  "version": 1,\n  "seed": 1,')).toBe(true);
  const { services } = JSON.parse(out);
  expect(services).toHaveLength(1);
  expect(services[0]).toMatchObject({
    ...{ topology: "fo-analytics", service: "worker", replicas: { min: 1, max: 4 }, perReplica: 50, prefetch: 1, concurrency: 1 },
    from: { replicas: "topology", perReplica: "topology" },
    computed: { min: 1, max: 4, perReplica: 50 },
    queues: { document_processing: { rate: 0.14, peak: 0.35, perReplica: 50 } },
    figures: { handler: { mean: 6, p95: 15 }, assumed: ["day"] },
  });
  const { simulation } = services[0];
  expect(simulation.points).toHaveLength(1440);
  expect(simulation.cost).toBeCloseTo(simulation.replicaHours / 2, 9);
  expect((await warren(...words)).out).toBe(out);
  expect(JSON.parse((await warren(...words, "--seed", "2")).out).services[0].simulation.arrived).not.toBe(simulation.arrived);
});

test("what is given counts instead", async () => {
  const words = ["contextiq", "--service", "webhook", "--json"];
  const [service] = JSON.parse((await warren(...words, "--peak", "200", "--latency", "3s", "--scaler", "none")).out).services;
  expect(service.figures).toMatchObject({ rate: 5, peak: 200, latency: 3 });
  expect(service.replicas.max).toBeGreaterThan(5);
  const [drawn] = JSON.parse((await warren(...words, "--curve", at("curve.txt"))).out).services;
  expect(drawn.figures).toMatchObject({ peak: 12.5, lowest: 3.125 });
  const [own] = JSON.parse((await warren("fo-analytics", "--json", "--unpinned", "--utilization", "0.5")).out).services;
  expect(own).toMatchObject({ from: { replicas: "computed" }, replicas: { max: 6 } });
});

test("a measured run stands beside its simulation", async () => {
  const words = ["t.json", "--measured", at("run.csv"), "--svg", at("run.svg"), "--polling", "5s", "--sync", "5s", "--pod-start", "2s"];
  const { code, out } = await warren(...words);
  expect(code).toBe(0);
  expect(out).toMatch(/measured: backlog to 250, replicas to 3; .* at 4 points$/m);
  expect(readFileSync(at("run.svg"), "utf8")).toMatch(/^<svg [^]*<path class="measured"/);
  const [service] = JSON.parse((await warren(...words, "--json")).out).services;
  expect(service.simulation).toMatchObject({ arrived: 250, duration: 15 });
  expect(service.comparison.points).toBe(4);
});

test("the HPA's behavior from its manifest", async () => {
  const words = [
    "t.json",
    "--measured",
    at("run.csv"),
    "--json",
    "--polling",
    "5s",
    "--sync",
    "5s",
    "--mean",
    "1m",
    "--unpinned",
    "--peak",
    "1",
  ];
  const most = async (...more: readonly string[]): Promise<number> =>
    Number(JSON.parse((await warren(...words, ...more)).out).services[0].simulation.replicas.max);
  expect(await most("--behavior", at("plain.json"))).toBeGreaterThan(await most());
});

test("nothing consumes", async () => {
  expect(await warren("none.json")).toMatchObject({ code: 0, out: "no service consumes: there is nothing to size\n" });
});

test("--help has an example", async () => expect((await warren("--help")).out).toMatch(/\n {2}\$ warren size contextiq/));

test.each([
  [["contextiq", "--service", "webhok"], 'did you mean "webhook"?'],
  [["contextiq", "--rate", "0"], "more than 0"],
  [["contextiq", "--rate", "5", "--peak", "4"], "--peak 4 is less than --rate 5"],
  [["contextiq", "--concurrency", "1.5"], "whole number"],
  [["contextiq", "--utilization", "1.2"], "at most 0.99"],
  [["contextiq", "--mean", "soon"], "no length of time"],
  [["contextiq", "--scaler", "vpa"], "keda, hpa, none"],
  [["contextiq", "--curve", "gone.txt"], "cannot be read (ENOENT)"],
  [["contextiq", "--curve", "night.txt"], '"dark"'],
  [["contextiq", "--behavior", "odd.json"], "none that an HPA has: scaleUp"],
  [["contextiq", "--measured", "run.csv"], "--service NAME"],
  [["contextiq", "--svg", "no/such/file.svg"], "cannot be written"],
  [[], "No topology is given."],
])("refuses %j", async (words, said) => {
  const { code, out, error } = await warren(...words.map((word) => (/^(night|run|odd)\./.test(word) ? at(word) : word)));
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(error).toContain(said);
});
