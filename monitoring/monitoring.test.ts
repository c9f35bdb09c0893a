/** What follows from a topology: constants by queue, families, targets; every query asks for series that are known. */
import fc from "fast-check";
import { Registry } from "prom-client";
import { parse } from "yaml";
import { describe, expect, test } from "vitest";
import { arbitraryInstallation } from "../testing/arbitrary-topology.js";
import type { Topology } from "../topology/model.js";
import { systems } from "../topology/systems/index.js";
import { subjects } from "../exporter/subjects.js";
import { SERIES as EXPORTED } from "../exporter/series.js";
import { metrics } from "../workers/observe/metrics.js";
import { sentence } from "./alerts/alert.js";
import type { SeriesName } from "./series.js";
import {
  alerts,
  facts,
  familiesOf,
  isSeries,
  metricNames,
  monitoring,
  promtoolTests,
  queriesOf,
  seriesOf,
  SERIES,
  THRESHOLDS,
  type Facts,
  type Monitoring,
} from "./index.js";

const shop: Topology = {
  name: "shop",
  vhost: { name: "shop-vhost" },
  exchanges: { orders: { type: "topic" }, dead: { type: "fanout" } },
  queues: {
    paid: {
      type: "quorum",
      from: { orders: "paid" },
      maxLength: 1000,
      messageTtl: "1 hour",
      deadLetterTo: "dead",
      retry: ["1 second", "1 minute"],
      deliveryLimit: 5,
    },
    audit: { type: "classic", from: { orders: "#" }, maxLengthBytes: "1 MB", messageTtl: "0 ms" },
    events: { type: "stream", from: { orders: "#" }, maxLengthBytes: "1 GB" },
    dead: { type: "quorum", from: { dead: "" }, messageTtl: "7 days", deliveryLimit: -1, quorumInitialGroupSize: 5 },
    "inbox-main": { type: "quorum", from: { orders: "x" } },
  },
  templates: { inbox: { name: "inbox-{instance}", type: "quorum", maxLength: 50, expires: "1 hour" } },
  messages: { paid: { to: "orders", key: "paid" } },
  services: {
    biller: { consumes: ["paid"], replicas: { min: 2, max: 4 } },
    auditor: { consumes: ["audit"] },
    sleeper: { consumes: ["inbox-main"], replicas: { min: 0, max: 4 } },
  },
  environments: { prod: { queues: { paid: { maxLength: 9000 } } } },
};

const THREE = { nodes: ["a:1", "b:1", "c:1"] };

/** The constants of one name, as `queue[,other label] value`. */
function constants(made: Monitoring, name: string): string[] {
  return made.rules.groups
    .flatMap(({ rules }) => rules)
    .flatMap((rule) => {
      if (!("record" in rule) || rule.record !== name) return [];
      const { installation, vhost, queue, source, role, service, topology } = rule.labels ?? {};
      expect(installation).toBe("shop");
      return [[vhost, topology, queue, source, role, service, rule.expr].filter((part) => part !== undefined).join(" ")];
    });
}

describe("constants", () => {
  const made = monitoring(shop, THREE);
  const inbox = `max by (vhost, queue) (rabbitmq_detailed_queue_info{installation="shop",vhost="shop-vhost",queue=~"inbox-[^.]+",queue!~"inbox-main"}) * 0 + `;

  test("length limits: of queues and rungs, of instances' queues by pattern; none of streams", () => {
    expect(constants(made, "warren_queue_limit_messages")).toEqual([
      "shop-vhost paid work vector(1000)",
      "shop-vhost paid.retry.1 rung vector(1000)",
      "shop-vhost paid.retry.2 rung vector(1000)",
      // The template's policy fits its name as well.
      "shop-vhost inbox-main work vector(50)",
      `work ${inbox}50`,
    ]);
    expect(constants(made, "warren_queue_limit_bytes")).toEqual(["shop-vhost audit work vector(1000000)"]);
  });

  test("TTLs: not of rungs, nor of 0", () => {
    expect(constants(made, "warren_queue_ttl_seconds")).toEqual([
      "shop-vhost paid work vector(3600)",
      "shop-vhost dead dead-letter vector(604800)",
    ]);
  });

  test("delivery limits: the broker's own where there is none, none where it is off", () => {
    const lines = constants(made, "warren_queue_delivery_limit");
    expect(lines).toContain("shop-vhost paid work vector(5)");
    expect(lines).toContain("shop-vhost inbox-main work vector(20)");
    expect(lines.join()).not.toMatch(/shop-vhost (dead|audit|events) /);
  });

  test("members: no more than there are nodes", () => {
    expect(constants(made, "warren_queue_members")).toContain("shop-vhost dead dead-letter vector(3)");
    expect(constants(monitoring(shop), "warren_queue_members")).toContain("shop-vhost paid work vector(1)");
    expect(constants(monitoring(shop, { nodes: ["1", "2", "3", "4", "5"] }), "warren_queue_members")).toContain(
      "shop-vhost dead dead-letter vector(5)",
    );
  });

  test("targets: as many as are named, or as many as are said to be found; none of a job that is not there", () => {
    const targets = (more: object) =>
      monitoring(shop, { ...THREE, ...more })
        .rules.groups.flatMap(({ rules }) => rules)
        .flatMap((rule) => ("record" in rule && rule.record === "warren_targets" ? [`${rule.labels?.["job"]} ${rule.expr}`] : []));
    const broker = ["rabbitmq vector(3)", "rabbitmq-detailed vector(3)"];
    expect(targets({})).toEqual(broker);
    expect(targets({ workers: ["w:1", "x:1"], exporters: ["e:1"] })).toEqual([
      ...broker,
      "warren-workers vector(2)",
      "warren-exporter vector(1)",
    ]);
    expect(targets({ targets: { "warren-workers": 7, "warren-exporter": 0 } })).toEqual([...broker, "warren-workers vector(7)"]);
  });

  test("promises: what a service that is off at times promises is nothing", () => {
    expect(constants(made, "warren_queue_promised_consumers")).toEqual([
      "shop-vhost paid biller vector(2)",
      "shop-vhost audit auditor vector(1)",
    ]);
  });

  test("ladders", () => {
    expect(constants(made, "warren_queue_rung")).toEqual([
      "shop-vhost paid.retry.1 paid vector(1)",
      "shop-vhost paid.retry.2 paid vector(1)",
    ]);
    expect(constants(made, "warren_ladder_seconds")).toEqual(["shop-vhost paid vector(61)"]);
  });

  test("dead letters, and exchanges from which only instances' queues can be reached", () => {
    expect(constants(made, "warren_queue_dead_letters")).toEqual(["shop-vhost dead vector(1)"]);
    const only = (topology: Topology) => facts({ topologies: [topology] }).instanceExchanges.map(({ exchange }) => exchange);
    expect(only(shop)).toEqual([""]);
    expect(
      only({
        name: "t",
        exchanges: {
          all: { type: "fanout" },
          below: { type: "topic", from: { all: "" } },
          mixed: { type: "topic" },
          nothing: { type: "topic" },
        },
        queues: { q: { type: "quorum", from: { mixed: "q" } } },
        templates: { i: { name: "i-{n}", type: "classic", from: { below: "{n}", mixed: "{n}" } } },
      }),
    ).toEqual(["", "all", "below"]);
  });

  test("ages of heads: by timestamps of working classic queues, by looks at dead letters that expire", () => {
    const ages = Object.values(systems).flatMap((topology) =>
      facts({ topologies: [topology] }).queues.flatMap(({ name, headAge }) => (headAge ? [`${name} ${headAge}`] : [])),
    );
    expect(ages).toEqual(["events.dlq letter", "document_processing_dlq letter", "tasks.dead letter", "stage7.dead_letters letter"]);
    expect(facts({ topologies: [shop] }).queues.flatMap(({ name, headAge }) => (headAge ? [`${name} ${headAge}`] : []))).toEqual([
      "audit timestamp",
      "dead letter",
    ]);
  });

  test("sizes of an environment", () => {
    expect(constants(monitoring(shop, { environment: "prod" }), "warren_queue_limit_messages")[0]).toBe(
      "shop-vhost paid work vector(9000)",
    );
  });
});

describe("families", () => {
  test("the dearest one only where a queue has a limit in bytes", () => {
    expect(monitoring(shop).families).toContain("queue_metrics");
    expect(monitoring(systems["contextiq"] ?? shop).families).toEqual([
      "exchange_metrics",
      "queue_coarse_metrics",
      "queue_consumer_count",
      "queue_delivery_metrics",
    ]);
  });

  test("what further queries need; an unknown series is refused", () => {
    const contextiq = systems["contextiq"] ?? shop;
    expect(monitoring(contextiq, { queries: ["sum(rabbitmq_detailed_queue_messages_ready_bytes)"] }).families).toContain("queue_metrics");
    expect(() => monitoring(contextiq, { queries: ["sum(rabbitmq_detailed_queue_mesages)"] })).toThrow(/rabbitmq_detailed_queue_mesages/);
  });
});

describe("queries", () => {
  test("names of metrics, and nothing else", () => {
    expect(
      metricNames(
        'sum by (a, b) (rate(x_total{queue=~"y{2}",z!="or q"}[5m:1m] offset 10m)) / on (vhost) group_left (role) (w:z:rate5m unless ignoring(le) v) > bool 1e3 and time() < +Inf',
      ),
    ).toEqual(["x_total", "w:z:rate5m", "v"]);
  });

  test.each(Object.entries(systems))("of %s: every series is known and every recorded one is recorded", (_, topology) => {
    const made = monitoring(topology, THREE);
    const queries = queriesOf(made);
    const recorded = new Set<string>(queries.filter(({ of }) => of.startsWith("record ")).map(({ of }) => of.slice("record ".length)));
    expect(recorded.size).toBeGreaterThan(10);
    for (const { of, series } of queries) {
      expect(series.length, of).toBeGreaterThanOrEqual(of.startsWith("alert ") ? 1 : 0);
      // What an installation has none of (ladders, TTLs) may be asked for, and is just not there.
      for (const name of series.filter((one) => one.startsWith("warren:"))) expect(recorded).toContain(name);
    }
    expect([...recorded].filter((name) => !isSeries(name))).toEqual([]);
  });

  test("families follow from queries", () => {
    expect(familiesOf(["up", "rabbitmq_detailed_queue_consumers + 1"])).toEqual(["queue_consumer_count"]);
    expect(seriesOf("vector(1)")).toEqual([]);
  });
});

test("the files hold what the objects say, and Prometheus finds the rules beside its settings", () => {
  const made = monitoring(shop, {
    ...THREE,
    name: "production",
    workers: ["w:1"],
    exporters: ["e:1"],
    alertmanagers: ["m:1"],
    holdScale: 0,
    runbooks: "https://wiki.example/runbooks/",
    tls: { caFile: "/ca.pem", serverName: "rabbit" },
  });
  expect(Object.keys(made.files).filter((name) => !name.startsWith("dashboards/"))).toEqual([
    "prometheus.yml",
    "warren.rules.yml",
    "alertmanager.yml",
  ]);
  expect(parse(made.files["prometheus.yml"] ?? "")).toEqual(made.prometheus);
  expect(parse(made.files["warren.rules.yml"] ?? "")).toEqual(made.rules);
  expect(made.prometheus.rule_files).toEqual(["warren.rules.yml"]);
  expect(made.scrape.map(({ job_name: job, scheme, static_configs: [config] }) => [job, scheme, config?.targets, config?.labels])).toEqual([
    ["rabbitmq", "https", ["a:1", "b:1", "c:1"], { installation: "production" }],
    ["rabbitmq-detailed", "https", ["a:1", "b:1", "c:1"], { installation: "production" }],
    ["warren-workers", undefined, ["w:1"], { installation: "production" }],
    ["warren-exporter", undefined, ["e:1"], { installation: "production" }],
  ]);
  expect(made.scrape[1]?.params).toEqual({ family: made.families, vhost: ["shop-vhost"] });
  for (const rule of made.rules.groups.flatMap(({ rules }) => rules)) {
    if (!("alert" in rule)) continue;
    expect(rule.for).toBeUndefined();
    expect(["page", "ticket"]).toContain(rule.labels.severity);
    expect(rule.annotations.runbook_url).toBe(`https://wiki.example/runbooks/${rule.alert}.md`);
    expect(rule.annotations.description).toMatch(/^\S.{60,}\.$/);
  }
});

test("the number of alert rules does not grow with the queues", () => {
  const queues = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`q${at}`, { type: "quorum", maxLength: 10 } as const]));
  const count = ({ rules }: Monitoring): number => rules.groups.flatMap((group) => group.rules).filter((rule) => "alert" in rule).length;
  expect(count(monitoring({ name: "many", queues }))).toBe(alerts.length);
});

test("no two rules record the same series, whatever the installation", () => {
  fc.assert(
    fc.property(arbitraryInstallation(), (installation) => {
      const made = monitoring(installation);
      const keys = made.rules.groups
        .flatMap(({ rules }) => rules)
        .map((rule) =>
          "record" in rule
            ? JSON.stringify([rule.record, Object.entries(rule.labels ?? {}).sort(), rule.labels?.["queue"] ? "" : rule.expr])
            : rule.alert,
        );
      expect(new Set(keys).size).toBe(keys.length);
      queriesOf(made);
    }),
    { numRuns: 40 },
  );
});

const labelSet = (labels: readonly string[]): string => [...labels].sort().join(" ");

test("what workers are asked for is what they export, with those labels", async () => {
  const registry = new Registry();
  const observer = metrics({ registry, service: "biller", topology: shop, process: false });
  observer.connection("consume", "open");
  observer.consumer("paid", "consuming");
  observer.received("paid", 1, false, 1, true);
  observer.processed("paid", "paid", "retry", 1);
  observer.published("paid", "orders", 1, 1);
  observer.inFlight("paid", 1);
  const exported = new Map<string, string>();
  for (const [, name = "", labels = ""] of (await registry.metrics()).matchAll(/^(\w+)\{(.*)\} \S+$/gm)) {
    exported.set(name, labelSet([...labels.matchAll(/(\w+)="/g)].map(([, label = ""]) => label)));
  }
  const asked = Object.entries(SERIES).filter(([, { source }]) => source === "warren-workers");
  expect(asked.length).toBeGreaterThan(3);
  for (const [name, { labels }] of asked) expect([name, exported.get(name)]).toEqual([name, labelSet(labels)]);
});

test("what the exporter is asked for is what it exports, with those labels", () => {
  const asked = Object.entries(SERIES).filter(([, { source }]) => source === "warren-exporter");
  expect(Object.fromEntries(asked.map(([name, { labels, type }]) => [name, [type, labelSet(labels)]]))).toEqual(
    Object.fromEntries(Object.entries(EXPORTED).map(([name, { labels, type }]) => [name, [type, labelSet(labels)]])),
  );
});

test("no series stands in the table for nothing", () => {
  const made = monitoring({ topologies: [...Object.values(systems), shop] });
  const used = new Set(queriesOf(made).flatMap(({ series }) => series));
  expect(Object.keys(SERIES).filter((name) => !used.has(name as SeriesName))).toEqual([]);
});

/** What a test may take for granted of a queue: only what somebody exports for one of its kind. */
function exportable(name: string, labels: Readonly<Record<string, string>>, known: Facts): boolean {
  const { vhost, queue } = labels;
  const declared = known.queues.find((one) => one.name === queue && (vhost === undefined || one.vhost === vhost));
  if (!declared) return true;
  if (name === "warren_queue_head_age_seconds") return declared.headAge !== undefined;
  if (name === "rabbitmq_detailed_queue_info") return labels["queue_type"] === `rabbit_${declared.type}_queue`;
  if (name.startsWith("warren_worker_")) return known.promises.some((one) => one.queue === queue);
  return true;
}

test.each(Object.entries(systems))("%s: the tests of alerts feed on what can be exported for that kind of queue", (_, topology) => {
  const made = monitoring(topology, THREE);
  for (const { name: of, input_series: inputs } of promtoolTests(made)) {
    for (const { series } of inputs) {
      const [, name = "", text = ""] = /^(\w+)\{(.*)\}$/.exec(series) ?? [];
      expect(isSeries(name), `${of}: ${series}`).toBe(true);
      const labels = Object.fromEntries([...text.matchAll(/(\w+)="([^"]*)"/g)].map(([, label = "", value = ""]) => [label, value]));
      expect(exportable(name, labels, made.facts), `${of}: ${series}`).toBe(true);
    }
  }
});

test("words follow the thresholds that are set", () => {
  const rule = monitoring(shop, { thresholds: { diskWithinHours: 9, redeliveredShare: 0.7 } })
    .rules.groups.flatMap(({ rules }) => rules)
    .flatMap((one) => ("alert" in one ? [one] : []));
  expect(rule.find(({ alert }) => alert === "DiskFullSoon")?.annotations.description).toContain("within 9 hours");
  expect(rule.find(({ alert }) => alert === "RedeliveryStorm")?.annotations.description).toContain("more than 70 %");
  for (const [name, value] of Object.entries(THRESHOLDS)) {
    const said = (at: number) =>
      alerts.map((alert) => `${alert.expr({ ...THRESHOLDS, [name]: at })} ${sentence(alert.when, { ...THRESHOLDS, [name]: at })}`);
    const [now, then] = [said(value), said(value * 3)];
    const changed = alerts.filter((_, at) => now[at] !== then[at]);
    expect(changed.length, name).toBeGreaterThan(0);
    // Where the rule changes its sentence does.
    for (const alert of changed) {
      if (alert.name === "CertificateExpiresSoon" && name === "certificatePageDays") continue;
      const words = (at: number) => sentence(alert.when, { ...THRESHOLDS, [name]: at });
      expect(words(value), `${alert.name} ${name}`).not.toBe(words(value * 3));
    }
  }
});

test("Alertmanager: pages apart from tickets, causes silence what follows; each names an alert, and labels that both have", () => {
  const { alertmanager, files } = monitoring(shop, { webhooks: { page: "https://pager.example/hook" } });
  expect(parse(files["alertmanager.yml"] ?? "")).toEqual(alertmanager);
  expect(alertmanager.receivers).toEqual([
    { name: "page", webhook_configs: [{ url: "https://pager.example/hook", send_resolved: true }] },
    { name: "ticket" },
  ]);
  const names = new Set(alertmanager.receivers.map(({ name }) => name));
  for (const { receiver } of [alertmanager.route, ...alertmanager.route.routes]) expect(names).toContain(receiver);
  const known = new Set(alerts.map(({ name }) => name));
  const named = ([matcher = ""]: readonly string[]) => (/^alertname=~?"(.*)"$/.exec(matcher)?.[1] ?? "?").split("|");
  for (const { source_matchers: source, target_matchers: target, equal } of alertmanager.inhibit_rules) {
    for (const name of [...named(source), ...named(target)]) expect(known).toContain(name);
    expect(equal[0]).toBe("installation");
  }
  const rule = (source: string) => alertmanager.inhibit_rules.find((one) => named(one.source_matchers).includes(source));
  // Of what is missing neither has an instance: without the job, a missing exporter would follow from a missing node.
  expect(rule("NodeDown")).toEqual({
    source_matchers: ['alertname="NodeDown"'],
    target_matchers: ['alertname="TargetDown"', 'job="rabbitmq-detailed"'],
    equal: ["installation", "instance"],
  });
  expect(named(rule("QuorumLost")?.target_matchers ?? [])).toContain("QueueWithoutConsumers");
  expect(rule("QuorumLost")?.equal).toEqual(["installation", "vhost", "queue"]);
});

test("what is promised is what the exporter expects, for any installation", () => {
  fc.assert(
    fc.property(arbitraryInstallation(), (installation) => {
      const key = (...parts: readonly string[]): string => JSON.stringify(parts);
      const expected = subjects(installation).flatMap((subject) =>
        subject.expected.map(({ queue, service }) => key(subject.vhost, queue, service)),
      );
      const { promises, queues } = facts(installation);
      expect(expected.sort()).toEqual(promises.map(({ vhost, queue, service }) => key(vhost, queue, service)).sort());
      // By names that the broker knows.
      const there = new Set(queues.map(({ vhost, name }) => key(vhost, name)));
      for (const { vhost, queue } of promises) expect(there).toContain(key(vhost, queue));
    }),
    { numRuns: 100 },
  );
});

test("the table of series: families with those of /metrics/detailed and with no other", () => {
  for (const [name, series] of Object.entries(SERIES)) {
    expect("family" in series, name).toBe(series.source === "rabbitmq-detailed");
    expect(name.startsWith("rabbitmq_detailed_"), name).toBe(series.source === "rabbitmq-detailed");
  }
});
