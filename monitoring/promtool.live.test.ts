/** Promtool takes what is made for each reference system, and each alert fires and keeps quiet in it where it should. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "../lab/command.js";
import { getPrometheus } from "../lab/prometheus.js";
import { step } from "../lab/steps.js";
import type { Topology } from "../topology/model.js";
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
  for (const [file, text] of Object.entries(made.files)) if (!file.includes("/")) writeFileSync(join(place, file), text);
  writeFileSync(join(place, "tests.yml"), promtoolFile(made, tests));
  return place;
}

type Rule = Monitoring["rules"]["groups"][number]["rules"][number];

/** With each rule as it is changed, or without it. */
function withRules(made: Monitoring, change: (rule: Rule) => Rule | readonly []): Monitoring {
  const groups = made.rules.groups.map((group) => ({ ...group, rules: group.rules.flatMap(change) }));
  const rules = { groups: groups.filter((group) => group.rules.length > 0) };
  return { ...made, rules, files: { "warren.rules.yml": JSON.stringify(rules) } };
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
  const changed = withRules(made, (rule) =>
    "alert" in rule && broken.includes(rule.alert) ? { ...rule, expr: `(${rule.expr}) > 1e12` } : rule,
  );
  const tests = promtoolTests(made).filter(({ name }) => [...broken, "QueueFullSoon"].some((alert) => name.startsWith(`${alert} `)));
  expect(tests).toHaveLength(8);
  const place = lay("broken", changed, tests);
  const { code, said } = await ask("test", "rules", join(place, "tests.yml"));
  expect(code).toBe(1);
  expect([...said.matchAll(/name: (\w+ .*),$/gm)].map(([, failed]) => failed).sort()).toEqual(broken.map((name) => `${name} fires`));
});

/** Whether one alert fires on these series: its expression alone, so that each case can say what it sees. */
interface Case {
  readonly name: string;
  readonly made: Monitoring;
  readonly alert: string;
  readonly series: Readonly<Record<string, string>>;
  readonly at: number;
  /** Labels of what fires. */
  readonly fires: readonly Readonly<Record<string, string>>[];
}

const nodes = ["one:15692", "two:15692", "three:15692"];
const ups = (installation: string, job: string, values: readonly string[]): Record<string, string> =>
  Object.fromEntries(values.map((text, at) => [`up{installation="${installation}",job="${job}",instance="${nodes[at] ?? ""}"}`, text]));
const member = (queue: string, at: number, membership: string): string =>
  `rabbitmq_detailed_queue_info{installation="stage7",job="rabbitmq-detailed",instance="${nodes[at] ?? ""}",vhost="stage7",queue="${queue}",queue_type="rabbit_quorum_queue",membership="${membership}"}`;
const SHOP: Topology = {
  name: "shop",
  exchanges: { in: { type: "topic" }, dead: { type: "fanout" } },
  queues: {
    work: { type: "classic", from: { in: "#" }, messageTtl: "1 hour", deadLetterTo: "dead", retry: ["1 minute", "9 minutes"] },
    dead: { type: "quorum", from: { dead: "" } },
  },
  services: { worker: { consumes: ["work"] } },
};
const shop = monitoring(SHOP, { nodes, exporters: ["exporter:9419"] });
const stage7 = of("stage7");
const inVhost = (vhost: string, more: Readonly<Record<string, string>>) => ({ installation: vhost, vhost, ...more });
const age = (queue: string): string => `warren_queue_head_age_seconds{installation="shop",vhost="shop",queue="${queue}"}`;
const ofShop = (name: string, queue: string): string => `${name}{installation="shop",vhost="shop",queue="${queue}"}`;
const delivered = ofShop("rabbitmq_detailed_queue_messages_delivered_ack_total", "work");
const held = (queue: string): string => ofShop("rabbitmq_detailed_queue_messages", queue);
const looks = 'warren_exporter_look_up{installation="shop",look="drift"}';

const cases: readonly Case[] = [
  {
    name: "an instance's queue that is left with a follower has lost its quorum",
    ...{ made: stage7, alert: "QuorumLost", at: 20 },
    series: {
      ...ups("stage7", "rabbitmq", ["1x30", "1x5 0x30", "1x5 0x30"]),
      ...ups("stage7", "rabbitmq-detailed", ["1x30", "1x5 0x30", "1x5 0x30"]),
      [member("brain-7", 0, "follower")]: "1x30",
      [member("brain-7", 1, "leader")]: "1x5 stale",
      [member("brain-7", 2, "follower")]: "1x5 stale",
      // As the leader alone exports it.
      [`rabbitmq_detailed_queue_messages_ready{installation="stage7",instance="two:15692",vhost="stage7",queue="brain-7"}`]: "5x5 stale",
    },
    fires: [inVhost("stage7", { queue: "brain-7" })],
  },
  {
    name: "a quorum is not lost when two nodes only do not tell their detailed metrics",
    ...{ made: stage7, alert: "QuorumLost", at: 20 },
    series: {
      ...ups("stage7", "rabbitmq", ["1x30", "1x30", "1x30"]),
      ...ups("stage7", "rabbitmq-detailed", ["1x30", "1x5 0x30", "1x5 0x30"]),
      [member("stage7.dead_letters", 0, "follower")]: "1x30",
    },
    fires: [],
  },
  {
    name: "a quorum that is lost is lost after a day too, without any member that answers",
    ...{ made: stage7, alert: "QuorumLost", at: 1440 },
    series: { ...ups("stage7", "rabbitmq", ["1x5 0x1500", "1x5 0x1500", "1x5 0x1500"]) },
    fires: [inVhost("stage7", { queue: "stage7.dead_letters" })],
  },
  {
    name: "a queue that is not there has lost no quorum while one node is down",
    ...{ made: stage7, alert: "QuorumLost", at: 20 },
    series: {
      ...ups("stage7", "rabbitmq", ["1x30", "1x30", "0x30"]),
      ...ups("stage7", "rabbitmq-detailed", ["1x30", "1x30", "0x30"]),
    },
    fires: [],
  },
  {
    name: "a node whose pod waits for a place is no target, and down",
    ...{ made: stage7, alert: "NodeDown", at: 20, series: ups("stage7", "rabbitmq", ["1x30", "1x30", "1x5 stale"]) },
    fires: [{ installation: "stage7", job: "rabbitmq" }],
  },
  {
    name: "nodes of which not one is a target are down",
    ...{ made: stage7, alert: "NodeDown", at: 20, series: {} },
    fires: [{ installation: "stage7", job: "rabbitmq" }],
  },
  {
    name: "of one node that does not answer and one that is missing, each is told",
    ...{ made: stage7, alert: "NodeDown", at: 20, series: ups("stage7", "rabbitmq", ["1x30", "0x30"]) },
    fires: [
      { installation: "stage7", instance: "two:15692", job: "rabbitmq" },
      { installation: "stage7", job: "rabbitmq" },
    ],
  },
  {
    name: "a node that is missing for less than a minute is not down",
    ...{ made: stage7, alert: "NodeDown", at: 5, series: ups("stage7", "rabbitmq", ["1x30", "1x30", "1x4 stale _ 1x20"]) },
    fires: [],
  },
  {
    name: "more nodes than are meant to be are not missing",
    ...{ made: stage7, alert: "NodeDown", at: 20 },
    series: {
      ...ups("stage7", "rabbitmq", ["1x30", "1x30", "1x30"]),
      'up{installation="stage7",job="rabbitmq",instance="four:15692"}': "1x30",
    },
    fires: [],
  },
  {
    name: "a quorum is lost with the pods of two nodes",
    ...{ made: stage7, alert: "QuorumLost", at: 20 },
    series: {
      ...ups("stage7", "rabbitmq", ["1x30", "1x5 stale", "1x5 stale"]),
      ...ups("stage7", "rabbitmq-detailed", ["1x30", "1x5 stale", "1x5 stale"]),
      [member("stage7.dead_letters", 0, "follower")]: "1x30",
      [member("stage7.dead_letters", 1, "leader")]: "1x5 stale",
      [member("stage7.dead_letters", 2, "follower")]: "1x5 stale",
    },
    fires: [inVhost("stage7", { queue: "stage7.dead_letters" })],
  },
  {
    name: "a quorum is lost with the pods of all nodes",
    ...{ made: stage7, alert: "QuorumLost", at: 20, series: {} },
    fires: [inVhost("stage7", { queue: "stage7.dead_letters" })],
  },
  {
    name: "a quorum is not lost with the pod of one node",
    ...{ made: stage7, alert: "QuorumLost", at: 20 },
    series: {
      ...ups("stage7", "rabbitmq", ["1x30", "1x30"]),
      ...ups("stage7", "rabbitmq-detailed", ["1x30", "1x30"]),
      [member("stage7.dead_letters", 0, "follower")]: "1x30",
      [member("stage7.dead_letters", 1, "leader")]: "1x30",
    },
    fires: [],
  },
  {
    name: "a quorum is not lost where a node answers whose detailed metrics are no target",
    ...{ made: stage7, alert: "QuorumLost", at: 20 },
    series: {
      ...ups("stage7", "rabbitmq", ["1x30", "1x30"]),
      ...ups("stage7", "rabbitmq-detailed", ["1x30"]),
      [member("stage7.dead_letters", 0, "follower")]: "1x30",
    },
    fires: [],
  },
  {
    name: "a node that is not reached because its pod is gone is no partition",
    ...{ made: stage7, alert: "ClusterPartitioned", at: 20 },
    series: {
      ...ups("stage7", "rabbitmq", ["1x30", "1x30", "1x5 stale"]),
      'rabbitmq_unreachable_cluster_peers_count{installation="stage7",instance="one:15692"}': "0x5 1x30",
    },
    fires: [],
  },
  {
    name: "a queue has its members still while the pod of one is gone",
    ...{ made: stage7, alert: "QueueUnderReplicated", at: 40 },
    series: {
      ...ups("stage7", "rabbitmq-detailed", ["1x50", "1x50", "1x5 stale"]),
      [member("stage7.dead_letters", 0, "leader")]: "1x50",
      [member("stage7.dead_letters", 1, "follower")]: "1x50",
    },
    fires: [],
  },
  {
    name: "a queue is not gone while the pod of one node is",
    ...{ made: shop, alert: "QueueWithoutConsumers", at: 20, series: ups("shop", "rabbitmq-detailed", ["1x30", "1x30"]) },
    fires: [],
  },
  {
    name: "workers, and an exporter, of which Prometheus has none",
    ...{ made: stage7, alert: "TargetDown", at: 20, series: ups("stage7", "rabbitmq-detailed", ["1x30", "1x30", "1x30"]) },
    fires: [
      { installation: "stage7", job: "warren-exporter" },
      { installation: "stage7", job: "warren-workers" },
    ],
  },
  {
    name: "an exporter that nobody means to have is not missing",
    ...{ made: monitoring(SHOP, { nodes }), alert: "TargetDown", at: 20 },
    series: ups("shop", "rabbitmq-detailed", ["1x30", "1x30", "1x30"]),
    fires: [],
  },
  {
    name: "a queue that is gone has no consumers",
    ...{ made: shop, alert: "QueueWithoutConsumers", at: 20 },
    series: ups("shop", "rabbitmq-detailed", ["1x30", "1x30", "1x30"]),
    fires: [inVhost("shop", { queue: "work" })],
  },
  {
    name: "a queue is not gone while one node does not tell what it has",
    ...{ made: shop, alert: "QueueWithoutConsumers", at: 20 },
    series: ups("shop", "rabbitmq-detailed", ["1x30", "1x30", "0x30"]),
    fires: [],
  },
  {
    name: "a classic queue's head near its TTL",
    ...{ made: shop, alert: "MessagesNearTtl", at: 20, series: { [age("work")]: `${3600 * 0.9}x30` } },
    fires: [inVhost("shop", { queue: "work" })],
  },
  {
    name: "a head older than its TTL was put back, and has its time still",
    ...{ made: shop, alert: "MessagesNearTtl", at: 20, series: { [age("work")]: `${3600 * 50}x30` } },
    fires: [],
  },
  {
    name: "what workers got near the TTL, by their topology",
    ...{ made: stage7, alert: "MessagesNearTtl", at: 20 },
    series: { 'warren_worker_near_ttl_total{installation="stage7",topology="stage7",service="brain",queue="inbox"}': "0x10 1+1x20" },
    fires: [inVhost("stage7", { queue: "inbox" })],
  },
  {
    name: "a ladder that holds a third of what could fail",
    // 1 a second for 10 minutes: 600.
    ...{ made: shop, alert: "RetryLadderFilling", at: 40, series: { [delivered]: "0+60x60", [held("work.retry.2")]: "200x60" } },
    fires: [inVhost("shop", { source: "work" })],
  },
  {
    name: "a ladder that holds a sixth, and one of a queue that rests",
    ...{ made: shop, alert: "RetryLadderFilling", at: 40 },
    series: { [delivered]: "0+60x10 600x60", [held("work.retry.2")]: "120x60" },
    fires: [],
  },
  {
    name: "dead letters that no exporter counts: the queue grows",
    ...{ made: shop, alert: "DeadLettersArriving", at: 20, series: { [held("dead")]: "3x12 5x20", [held("work")]: "3x12 5x20" } },
    fires: [inVhost("shop", { queue: "dead" })],
  },
  {
    name: "dead letters that the exporter counts are told by it alone",
    ...{ made: shop, alert: "DeadLettersArriving", at: 20 },
    series: {
      [held("dead")]: "3x12 5x20",
      'warren_dead_letters_total{installation="shop",instance="e",vhost="shop",queue="dead",source="work",reason="rejected"}': "0x40",
    },
    fires: [],
  },
  {
    name: "the first of a kind that the exporter counts",
    ...{ made: shop, alert: "DeadLettersArriving", at: 20 },
    series: {
      'up{installation="shop",job="warren-exporter",instance="e"}': "1x40",
      'warren_dead_letters_total{installation="shop",instance="e",vhost="shop",queue="dead",source="other",reason="other"}': "_x15 2x20",
    },
    fires: [inVhost("shop", { queue: "dead", source: "other", reason: "other" })],
  },
  {
    name: "an exporter that never saw it is blind",
    ...{ made: shop, alert: "ExporterBlind", at: 20, series: { [looks]: "0x30" } },
    fires: [{ installation: "shop", look: "drift" }],
  },
  {
    name: "messages to an exchange of instances page nobody",
    ...{ made: of("cgcg"), alert: "MessagesUnroutable", at: 20 },
    series: {
      'rabbitmq_detailed_exchange_messages_unroutable_returned_total{installation="cgcg",vhost="cgcg",exchange="cgcg.direct"}': "0+60x30",
      'rabbitmq_detailed_exchange_messages_unroutable_returned_total{installation="cgcg",vhost="cgcg",exchange=""}': "0+60x30",
      'rabbitmq_detailed_exchange_messages_unroutable_returned_total{installation="cgcg",vhost="cgcg",exchange="cgcg.tasks"}': "0+60x30",
    },
    fires: [inVhost("cgcg", { exchange: "cgcg.tasks" })],
  },
  {
    name: "too many replies that nobody takes",
    ...{ made: of("cgcg"), alert: "InstanceMessagesUnroutable", at: 20 },
    series: {
      'rabbitmq_detailed_exchange_messages_unroutable_returned_total{installation="cgcg",vhost="cgcg",exchange=""}': "0+600x30",
      'rabbitmq_detailed_exchange_messages_unroutable_returned_total{installation="cgcg",vhost="cgcg",exchange="cgcg.direct"}': "0+6x30",
    },
    fires: [inVhost("cgcg", {})],
  },
];

test.each(cases)("$name", async ({ made: whole, alert, series, at, fires }) => {
  // Of the alerts that one: the others would cost half a minute in the case of a day.
  const made = withRules(whole, (rule) => ("alert" in rule && rule.alert !== alert ? [] : rule));
  const rule = made.rules.groups.flatMap(({ rules }) => rules).find((one) => "alert" in one && one.alert === alert);
  const sorted = (labels: Readonly<Record<string, string>>): string =>
    Object.entries(labels)
      .map(([label, value]) => `${label}="${value}"`)
      .join(",");
  const place = lay("case", made, [
    {
      name: "case",
      interval: "1m",
      input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
      alert_rule_test: [],
      // Only which, not how much.
      promql_expr_test: [
        {
          expr: `ALERTS{alertname="${alert}",alertstate="firing"} * 0`,
          eval_time: `${at}m`,
          exp_samples: fires.map((labels) => ({
            labels: `{alertname="${alert}",alertstate="firing",severity="${rule && "alert" in rule ? rule.labels.severity : ""}",${sorted(labels)}}`,
            value: 0,
          })),
        },
      ],
    },
  ]);
  expect(await ask("test", "rules", join(place, "tests.yml"))).toEqual({ code: 0, said: expect.stringContaining("SUCCESS") as string });
});

test.each([
  [
    "NodeDown",
    "rabbitmq",
    "Nodes that are missing: 3",
    "Of the nodes of stage7, 3 are not even known to Prometheus: their pods do not run, or it does not find them. With a majority of nodes left, quorum queues go on; the next node that stops may end that.",
  ],
  [
    "TargetDown",
    "warren-exporter",
    "warren-exporter, targets that are missing: 1",
    "Prometheus has 1 targets of warren-exporter less than there are meant to be. Alerts that need its numbers keep quiet meanwhile, whatever happens.",
  ],
])("%s of what is missing has no address, and says so", async (alert, missing, summary, description) => {
  const made = of("stage7");
  const jobs = { rabbitmq: 3, "rabbitmq-detailed": 3, "warren-workers": 1, "warren-exporter": 1 };
  const there = Object.entries(jobs).filter(([job]) => job !== missing);
  const place = lay("missing", made, [
    {
      name: "missing",
      interval: "1m",
      input_series: there.flatMap(([job, count]) =>
        Array.from({ length: count }, (_, at) => ({ series: `up{installation="stage7",job="${job}",instance="${at}"}`, values: "1x30" })),
      ),
      alert_rule_test: [
        {
          eval_time: "20m",
          alertname: alert,
          exp_alerts: [
            {
              exp_labels: { severity: alert === "NodeDown" ? "page" : "ticket", installation: "stage7", job: missing },
              exp_annotations: { summary, description, runbook_url: `docs/runbooks/${alert}.md` },
            },
          ],
        },
      ],
    },
  ]);
  expect(await ask("test", "rules", join(place, "tests.yml"))).toEqual({ code: 0, said: expect.stringContaining("SUCCESS") as string });
});

test("limits of instances' queues", async () => {
  const made = of("stage7");
  const place = lay("recorded", made, [
    {
      name: "recorded",
      interval: "1m",
      input_series: ["stage7", "other"].flatMap((installation) => [
        {
          series: `rabbitmq_detailed_queue_messages_ready{installation="${installation}",vhost="stage7",queue="brain-7"}`,
          values: "2500x20",
        },
        { series: `rabbitmq_detailed_queue_info{installation="${installation}",vhost="stage7",queue="brain-7"}`, values: "1x20" },
      ]),
      alert_rule_test: [],
      promql_expr_test: [
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
