/** `warren monitoring`: what it prints, what it writes, what it refuses. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { alerts } from "../monitoring/index.js";
import { warrenCommand, type Said } from "../testing/warren-command.js";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "warren-cli-monitoring-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const warren = (...words: readonly string[]): Promise<Said> => warrenCommand(["monitoring", ...words], { cwd: folder });

test("prints every alert", async () => {
  const { code, out } = await warren("debias");
  expect(code).toBe(0);
  for (const { name } of alerts) expect(out).toMatch(new RegExp(`^${name} +(page|ticket) +docs/runbooks/${name}\\.md$`, "m"));
});

test("writes the files that Prometheus reads, into a folder that it makes", async () => {
  const place = join(folder, "made", "here");
  const words = ["--node", "a:15692", "--node", "[::1]:15692", "--exporter", "e:9419", "--ca", "/ca.pem", "--hold", "0", "--interval", "5"];
  expect((await warren("debias", "-o", place, ...words)).code).toBe(0);
  expect(existsSync(join(place, "alertmanager.yml"))).toBe(true);
  const settings = parse(readFileSync(join(place, "prometheus.yml"), "utf8"));
  expect(settings.global.scrape_interval).toBe("5s");
  expect(settings.scrape_configs[1]).toMatchObject({
    scheme: "https",
    tls_config: { ca_file: "/ca.pem" },
    params: { vhost: ["debias"] },
    static_configs: [{ targets: ["a:15692", "[::1]:15692"], labels: { installation: "debias" } }],
  });
  const jobs = settings.scrape_configs as { readonly job_name: string }[];
  expect(jobs.map(({ job_name: job }) => job)).toEqual(["rabbitmq", "rabbitmq-detailed", "warren-exporter"]);
  expect(readFileSync(join(place, "warren.rules.yml"), "utf8")).not.toMatch(/^ +for: /m);
});

test("says what cannot fire, for nobody tells it", async () => {
  const { error } = await warren("debias");
  expect(error).toMatch(/^without --exporter, .*DeadLettersArriving.*ServiceNotConsuming/m);
  expect(error).toMatch(/^without --worker, .*RetryLadderFilling/m);
  expect((await warren("debias", "--exporter", "e:9419", "--worker", "w:9394")).error).toBe("");
});

test("--webhook goes to both receivers", async () => {
  const { out } = await warren("debias", "--json", "--webhook", "https://pager.example/hook");
  const receivers = JSON.parse(out).alertmanager.receivers as readonly { readonly webhook_configs?: readonly { readonly url: string }[] }[];
  const urls = receivers.flatMap((one) => one.webhook_configs ?? []).map(({ url }) => url);
  expect(urls).toEqual(["https://pager.example/hook", "https://pager.example/hook"]);
});

test("--json has everything, with the series of each query", async () => {
  const { code, out } = await warren("all", "--json");
  expect(code).toBe(0);
  const printed = JSON.parse(out);
  expect(printed.version).toBe(1);
  expect(printed.installation).toBe("contextiq+debias+fo-analytics+cgcg+stage7");
  expect(printed.queries).toContainEqual({
    of: "alert NodeDown",
    expr: 'up{job="rabbitmq"} == 0 or warren:targets_missing:count{job="rabbitmq"} > 0',
    series: ["up", "warren:targets_missing:count"],
  });
});

test("--interval is in seconds, with or without the unit", async () => {
  const [plain, unit] = [await warren("debias", "--interval", "20", "--json"), await warren("debias", "--interval", "20s", "--json")];
  expect(unit).toEqual(plain);
  expect(plain.out).toContain("20s");
});

test.each([
  [["debias", "--interval", "1m"], /1 or more/],
  [["debias", "--node", "http://a:15692"], /host:port/],
  [["debias", "--interval", "0"], /1 or more/],
  [["debias", "--webhook", "pager"], /http\(s\):/],
  [["debias", "--hold", "-1"], /0 or more/],
  [[], /No topology is given/],
  [["debias", "-o", "taken"], /cannot be made/],
])("refuses %j", async (words, why) => {
  writeFileSync(join(folder, "taken"), "");
  const { code, error } = await warren(...words.map((word) => (word === "taken" ? join(folder, word) : word)));
  expect(code).toBe(2);
  expect(error).toMatch(why);
  expect(existsSync(join(folder, "taken"))).toBe(true);
});
