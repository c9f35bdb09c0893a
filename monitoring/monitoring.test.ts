/** What follows from a topology: constants by queue, families, targets; every query asks for series that are known. */
import fc from "fast-check";
import { parse } from "yaml";
import { describe, expect, test } from "vitest";
import { arbitraryInstallation } from "../testing/arbitrary-topology.js";
import type { Topology } from "../topology/model.js";
import { systems } from "../topology/systems/index.js";
import { METRICS } from "../workers/observe/metric-table.js";
import { alerts, familiesOf, isSeries, metricNames, monitoring, queriesOf, seriesOf, SERIES, type Monitoring } from "./index.js";

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
  const inbox = `max by (vhost, queue) (rabbitmq_detailed_queue_messages_ready{installation="shop",vhost="shop-vhost",queue=~"inbox-[^.]+",queue!~"inbox-main"}) * 0 + `;

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
    expect(constants(made, "warren_ladder_limit_messages")).toEqual(["shop-vhost paid vector(1000)"]);
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
  expect(Object.keys(made.files)).toEqual(["prometheus.yml", "warren.rules.yml"]);
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

test("what workers are asked for is what they export", () => {
  const exported = new Set<string>(Object.values(METRICS).map(({ name }) => name));
  const asked = Object.entries(SERIES).filter(([, { source }]) => source === "warren-workers");
  expect(asked.length).toBeGreaterThan(3);
  for (const [name] of asked) expect(exported).toContain(name.replace(/_bucket$/, ""));
});

test("the table of series: families with those of /metrics/detailed and with no other", () => {
  for (const [name, series] of Object.entries(SERIES)) {
    expect("family" in series, name).toBe(series.source === "rabbitmq-detailed");
    expect(name.startsWith("rabbitmq_detailed_"), name).toBe(series.source === "rabbitmq-detailed");
  }
});
