/** Promtool takes what is made for each reference system, and each alert fires and keeps quiet in it where it should. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "../lab/command.js";
import { getPrometheus } from "../lab/prometheus.js";
import { step } from "../lab/steps.js";
import { systems } from "../topology/systems/index.js";
import { alerts, monitoring, promtoolFile, promtoolTests, type Monitoring, type PromtoolTest } from "./index.js";

let promtool: string;
let folder: string;

beforeAll(async () => {
  ({ promtool } = await step("Prometheus", getPrometheus));
  folder = mkdtempSync(join(tmpdir(), "warren-promtool-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const of = (name: string): Monitoring => {
  const topology = systems[name];
  if (topology === undefined) throw new Error(`there is no system ${name}`);
  return monitoring(topology, {
    nodes: ["one:15692", "two:15692", "three:15692"],
    workers: ["worker:9394"],
    exporters: ["exporter:9419"],
    alertmanagers: ["alertmanager:9093"],
  });
};

/** Writes what is made, and tests for it; gives the folder. */
function lay(name: string, made: Monitoring, tests: readonly PromtoolTest[]): string {
  const place = mkdtempSync(join(folder, `${name}-`));
  for (const [file, text] of Object.entries(made.files)) writeFileSync(join(place, file), text);
  writeFileSync(join(place, "tests.yml"), promtoolFile(made, tests));
  return place;
}

async function ask(...args: readonly string[]): Promise<{ code: number | undefined; said: string }> {
  const { code, stdout, stderr } = await run(promtool, args);
  return { code, said: stdout + stderr };
}

describe.each(Object.keys(systems))("%s", (name) => {
  test("settings, rules and the tests of its alerts", async () => {
    const made = of(name);
    const tests = promtoolTests(made);
    expect(tests.length).toBeGreaterThan(30);
    const place = lay(name, made, tests);
    // `--lint-fatal`: also what is accepted and means nothing, as two equal rules.
    expect(await ask("check", "config", "--lint-fatal", join(place, "prometheus.yml"))).toMatchObject({ code: 0 });
    expect(await ask("check", "rules", "--lint-fatal", join(place, "warren.rules.yml"))).toMatchObject({ code: 0 });
    expect(await ask("test", "rules", join(place, "tests.yml"))).toEqual({ code: 0, said: expect.stringContaining("SUCCESS") as string });
  });
});

test("together the systems have something for both tests of every alert", () => {
  const names = new Set(Object.keys(systems).flatMap((name) => promtoolTests(of(name)).map((one) => one.name)));
  expect([...names].sort()).toEqual(alerts.flatMap(({ name }) => [`${name} fires`, `${name} keeps quiet`]).sort());
});

test("a rule that is broken fails its test", async () => {
  const made = of("debias");
  const broken = ["QueueFilling", "QuorumLost", "ServiceNotConsuming"];
  const rules = {
    groups: made.rules.groups.map((group) => ({
      ...group,
      rules: group.rules.map((rule) =>
        "alert" in rule && broken.includes(rule.alert) ? { ...rule, expr: `(${rule.expr}) > 1e12` } : rule,
      ),
    })),
  };
  const tests = promtoolTests(made).filter(({ name }) => [...broken, "QueueFullSoon"].some((alert) => name.startsWith(`${alert} `)));
  expect(tests).toHaveLength(8);
  const place = lay("broken", { ...made, files: { "warren.rules.yml": JSON.stringify(rules) } }, tests);
  const { code, said } = await ask("test", "rules", join(place, "tests.yml"));
  expect(code).toBe(1);
  expect([...said.matchAll(/name: (\w+ .*),$/gm)].map(([, failed]) => failed).sort()).toEqual(broken.map((name) => `${name} fires`));
});

test("ages that only the workers know, limits of instances' queues", async () => {
  const made = of("stage7");
  const bucket = (le: string): string =>
    `warren_worker_message_age_seconds_bucket{installation="stage7",topology="stage7",service="brain",queue="inbox",le="${le}"}`;
  const place = lay("recorded", made, [
    {
      name: "recorded",
      interval: "1m",
      input_series: [
        { series: bucket("3600"), values: "0x20" },
        { series: bucket("21600"), values: "0+60x20" },
        { series: bucket("+Inf"), values: "0+60x20" },
        { series: 'rabbitmq_detailed_queue_messages_ready{installation="stage7",vhost="stage7",queue="brain-7"}', values: "2500x20" },
        { series: 'rabbitmq_detailed_queue_messages_ready{installation="other",vhost="stage7",queue="brain-7"}', values: "2500x20" },
      ],
      alert_rule_test: [],
      promql_expr_test: [
        {
          expr: "round(warren:queue_age:seconds)",
          eval_time: "15m",
          exp_samples: [{ labels: '{installation="stage7",vhost="stage7",queue="inbox"}', value: 21_420 }],
        },
        {
          expr: "warren:queue_fill:ratio",
          eval_time: "15m",
          exp_samples: [
            { labels: 'warren:queue_fill:ratio{installation="stage7",vhost="stage7",queue="brain-7",limit="messages"}', value: 0.25 },
          ],
        },
      ],
    },
  ]);
  expect(await ask("test", "rules", join(place, "tests.yml"))).toEqual({ code: 0, said: expect.stringContaining("SUCCESS") as string });
});

test("the first unroutable message of an exchange is news, but not what was there before Prometheus came", async () => {
  const made = of("stage7");
  const expr = made.rules.groups.flatMap(({ rules }) => rules).find((rule) => "alert" in rule && rule.alert === "MessagesUnroutable")?.expr;
  const dropped = (exchange: string): string =>
    `rabbitmq_detailed_exchange_messages_unroutable_dropped_total{installation="stage7",instance="one",vhost="stage7",exchange="${exchange}"}`;
  const place = lay("first", made, [
    {
      name: "first",
      interval: "1m",
      input_series: [
        { series: 'up{installation="stage7",job="rabbitmq-detailed",instance="one"}', values: "1x20" },
        { series: dropped("new"), values: "_x10 2x10" },
        { series: dropped("old"), values: "7x20" },
      ],
      alert_rule_test: [],
      promql_expr_test: [
        { expr, eval_time: "3m", exp_samples: [] },
        { expr, eval_time: "13m", exp_samples: [{ labels: '{installation="stage7",vhost="stage7",exchange="new"}', value: 2 }] },
        { expr, eval_time: "18m", exp_samples: [] },
      ],
    },
  ]);
  expect(await ask("test", "rules", join(place, "tests.yml"))).toEqual({ code: 0, said: expect.stringContaining("SUCCESS") as string });
});
