/** Unit tests for promtool, made from the tests of the alerts for queues that an installation really has. */
import type { Alert, AlertTest, FiringTest, Sample } from "./alerts/alert.js";
import { alerts } from "./alerts/table.js";
import { type Monitoring, RULES_FILE, yaml } from "./monitoring.js";
import type { QueueFacts } from "./facts.js";

export interface PromtoolTest {
  readonly name: string;
  readonly interval: "1m";
  readonly input_series: readonly { readonly series: string; readonly values: string }[];
  readonly alert_rule_test: readonly object[];
  readonly promql_expr_test?: readonly object[];
}

/** What the alerts can be tested on. */
export function sampleOf({ installation, facts, targets, scrape }: Monitoring): Sample {
  const { name: topology = "", vhost = "" } = facts.topologies[0] ?? {};
  const queues = facts.queues.filter((queue) => queue.vhost === vhost && queue.pattern === undefined);
  const of = ({ name, role }: QueueFacts) => ({ vhost, queue: name, role });
  const work = queues.filter(({ role }) => role === "work");
  const limited = queues.find(({ maxLength = 0 }) => maxLength >= 100);
  // Only workers tell how long a message was in a quorum queue.
  const consumed = new Set(facts.promises.filter((one) => one.vhost === vhost).map(({ queue }) => queue));
  const expiring = work.find(({ name, ttlSeconds }) => ttlSeconds !== undefined && consumed.has(name));
  const expiringDeadLetters = queues.find(({ role, ttlSeconds, headAge }) => role === "dead-letter" && ttlSeconds !== undefined && headAge);
  const deadLetters = queues.find(({ role }) => role === "dead-letter");
  const instanceExchange = facts.instanceExchanges.find((one) => one.vhost === vhost && one.exchange !== "");
  const deliveryLimited = queues.find(({ deliveryLimit = 0 }) => deliveryLimit > 2);
  const replicated = queues.find(({ members = 0 }) => members === 3);
  const promise = facts.promises.find(
    (one) => one.vhost === vhost && facts.promises.filter(({ queue }) => queue === one.queue).length === 1,
  );
  const crowd = facts.promises.find((one) => one.vhost === vhost && one.consumers > 1);
  const rung = queues.find(({ rungOf }) => rungOf !== undefined);
  const ladder = rung && queues.find(({ name }) => name === rung.rungOf);
  return {
    installation,
    topology,
    vhost,
    nodes: scrape[0]?.static_configs[0]?.targets ?? [],
    targets,
    ...(limited ? { limited: { ...of(limited), limit: limited.maxLength ?? 0 } } : {}),
    ...(expiring ? { expiring: { ...of(expiring), seconds: expiring.ttlSeconds ?? 0 } } : {}),
    ...(expiringDeadLetters ? { expiringDeadLetters: { ...of(expiringDeadLetters), seconds: expiringDeadLetters.ttlSeconds ?? 0 } } : {}),
    ...(deliveryLimited ? { deliveryLimited: { ...of(deliveryLimited), limit: deliveryLimited.deliveryLimit ?? 0 } } : {}),
    ...(replicated ? { replicated: of(replicated) } : {}),
    ...(promise ? { promised: { ...promise, role: "work" } } : {}),
    ...(crowd ? { crowded: { ...crowd, role: "work" } } : {}),
    ...(rung && ladder ? { ladder: { vhost, source: ladder.name, rung: rung.name, seconds: rung.waitSeconds ?? 0 } } : {}),
    ...(instanceExchange ? { instanceExchange } : {}),
    ...(deadLetters ? { deadLetters: of(deadLetters) } : {}),
  };
}

const isFiring = (test: AlertTest): test is FiringTest => "labels" in test;

function promtoolTest({ name, severity }: Alert, test: AlertTest, runbook: string): PromtoolTest {
  const expected = isFiring(test)
    ? [
        {
          exp_labels: { severity, ...test.labels },
          exp_annotations: { summary: test.summary, description: test.description, runbook_url: runbook },
        },
      ]
    : [];
  return {
    name: `${name} ${isFiring(test) ? "fires" : "keeps quiet"}`,
    interval: "1m",
    input_series: test.series.map(([series, values]) => ({ series, values })),
    alert_rule_test: [{ eval_time: `${test.at}m`, alertname: name, exp_alerts: expected }],
  };
}

/** For each alert that the installation has something for: one test that fires it, one that keeps it quiet. */
export function promtoolTests(monitoring: Monitoring): PromtoolTest[] {
  const sample = sampleOf(monitoring);
  const rules = monitoring.rules.groups.flatMap((group) => group.rules);
  return alerts.flatMap((alert) => {
    const rule = rules.find((one) => "alert" in one && one.alert === alert.name);
    const runbook = rule && "alert" in rule ? rule.annotations.runbook_url : "";
    return [alert.fires(sample), alert.quiet(sample)].flatMap((test) => (test ? [promtoolTest(alert, test, runbook)] : []));
  });
}

/** The file that `promtool test rules` takes; it lies beside the rules. Groups come in their order, which is otherwise left to chance. */
export const promtoolFile = ({ rules }: Pick<Monitoring, "rules">, tests: readonly PromtoolTest[]): string =>
  yaml({ rule_files: [RULES_FILE], evaluation_interval: "1m", group_eval_order: rules.groups.map(({ name }) => name), tests });
