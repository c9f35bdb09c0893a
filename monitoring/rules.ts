/** The files of rules: constants of the topology, recording rules, alert rules. */
import { sentence } from "./alerts/alert.js";
import { alertGroups } from "./alerts/table.js";
import { constantRules, type RecordingRule, type TargetNumbers } from "./constants.js";
import type { Facts } from "./facts.js";
import { derivedRules } from "./recording.js";
import type { Thresholds } from "./thresholds.js";

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string; readonly runbook_url: string };
}

export interface RuleGroup {
  readonly name: string;
  readonly interval: string;
  readonly rules: readonly (RecordingRule | AlertRule)[];
}

export interface RuleFile {
  readonly groups: readonly RuleGroup[];
}

export interface RuleSettings {
  readonly installation: string;
  readonly targets: TargetNumbers;
  readonly interval: number;
  readonly holdScale: number;
  readonly runbooks: string;
  readonly thresholds: Thresholds;
}

/** Prometheus' way to write a time; 0 is not a rule's `for`. */
const time = (seconds: number): string => (seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`);

export function ruleFile(facts: Facts, settings: RuleSettings): RuleFile {
  const interval = `${settings.interval}s`;
  const { installation, targets, thresholds, holdScale, runbooks } = settings;
  const base = runbooks.replace(/\/+$/, "");
  const alerting = Object.entries(alertGroups).map(([group, alerts]): RuleGroup => ({
    name: `warren-${group}`,
    interval,
    rules: alerts.map(({ name, severity, expr, forMinutes, summary, description }) => {
      const hold = Math.ceil(forMinutes * 60 * holdScale);
      return {
        alert: name,
        expr: expr(thresholds),
        ...(hold > 0 ? { for: time(hold) } : {}),
        labels: { severity },
        annotations: { summary, description: sentence(description, thresholds), runbook_url: `${base}/${name}.md` },
      };
    }),
  }));
  return {
    groups: [
      { name: "warren-constants", interval, rules: constantRules(facts, installation, targets) },
      { name: "warren-recording", interval, rules: derivedRules(facts) },
      ...alerting,
    ],
  };
}
