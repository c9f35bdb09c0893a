/** All rules in one table, by subject. */
import { argumentRules } from "./arguments.js";
import { deadLetterRules } from "./deadletters.js";
import { environmentRules } from "./environments.js";
import { installationRules } from "./installation.js";
import { linkRules } from "./links.js";
import { nameRules } from "./names.js";
import { permissionRules } from "./permissions.js";
import { policyRules } from "./policies.js";
import { queueRules } from "./queues.js";
import { retryRules } from "./retries.js";
import { routingRules } from "./routing.js";
import type { Rule } from "./rule.js";
import { secretRules } from "./secrets.js";
import { serviceRules } from "./services.js";
import { silenceRules } from "./silence.js";
import { templateRules } from "./templates.js";
import { versionRules } from "./versions.js";

export const SUBJECTS: readonly { readonly subject: string; readonly rules: readonly Rule[] }[] = [
  { subject: "Names", rules: nameRules },
  { subject: "Settings of queues", rules: argumentRules },
  { subject: "Policies", rules: policyRules },
  { subject: "Routes", rules: routingRules },
  { subject: "Dead letters", rules: deadLetterRules },
  { subject: "Queues", rules: queueRules },
  { subject: "Retries", rules: retryRules },
  { subject: "Templates", rules: templateRules },
  { subject: "Services", rules: serviceRules },
  { subject: "Permissions and users", rules: permissionRules },
  { subject: "Federation and shovels", rules: linkRules },
  { subject: "Environments", rules: environmentRules },
  { subject: "Versions of RabbitMQ", rules: versionRules },
  { subject: "Secrets", rules: secretRules },
  { subject: "Several topologies", rules: installationRules },
  { subject: "Silences", rules: silenceRules },
];

export const rules: readonly Rule[] = SUBJECTS.flatMap(({ rules: own }) => own);

/** A rule as documentation prints it. */
export interface RuleRow extends Pick<Rule, "code" | "severity" | "title" | "why" | "remedy"> {
  readonly subject: string;
  readonly silenceable: boolean;
}

/** The table of rules without their functions. */
export function ruleTable(): RuleRow[] {
  return SUBJECTS.flatMap(({ subject, rules: own }) =>
    own.map(({ code, severity, title, why, remedy, refused }) => ({ subject, code, severity, title, why, remedy, silenceable: !refused })),
  );
}
