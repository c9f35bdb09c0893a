/** From what somebody gives to a plan: read and checked, and refused as a whole with all its errors. Nothing is touched. */
import { check } from "../topology/check/check.js";
import { counts, findingsText, summary } from "../topology/check/findings-text.js";
import type { Finding } from "../topology/check/finding.js";
import { compileInstallation } from "../topology/compile/compile.js";
import type { InstallationPlan } from "../topology/compile/plan.js";
import { WarrenError } from "../topology/errors.js";
import type { Installation } from "../topology/model.js";
import { read } from "../topology/read.js";

export interface AdmitOptions {
  /** What it is called while it has no name itself: a file's name. */
  readonly label: string;
  /** Whose sizes hold. */
  readonly environment?: string | undefined;
  /** Whether unsilenced warnings refuse it too. @default false */
  readonly strict?: boolean | undefined;
}

export interface Admitted {
  readonly installation: Installation;
  readonly plan: InstallationPlan;
  /** Warnings, silenced ones too. */
  readonly findings: readonly Finding[];
  /** The warnings as people read them; `undefined` if there is none to be heard. */
  readonly warnings: string | undefined;
}

/** Throws one WarrenError with every finding if one of them is an error (or, when strict, a warning). */
export function admit(value: unknown, { label, environment, strict = false }: AdmitOptions): Admitted {
  const { installation, findings: structural } = read(value, label);
  const findings = [...structural, ...(installation ? check(installation, environment === undefined ? {} : { environment }) : [])];
  const { errors, warnings } = counts(findings);
  if (!installation || errors > 0 || (strict && warnings > 0)) {
    throw new WarrenError(`${label} is refused: ${summary(findings)}; nothing was changed.\n\n${findingsText(findings)}`, {
      remedy: "put right what is named; warnings can be silenced in the topology, with a reason",
    });
  }
  return {
    installation,
    plan: compileInstallation(installation, environment),
    findings,
    warnings: warnings > 0 ? findingsText(findings.filter(({ severity }) => severity === "warning")) : undefined,
  };
}
