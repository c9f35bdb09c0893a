/** The one error that Warren throws at its users: what is wrong, which values are allowed, what to do. */

export interface ErrorDetails {
  /** Values that would have been taken. */
  readonly allowed?: readonly string[];
  /** What to do. */
  readonly remedy?: string;
  /** 1: the request is understood and refused or failed; 2: wrong use, or what cannot be read: a topology, a broker. @default 1 */
  readonly exitCode?: 1 | 2;
  readonly cause?: unknown;
}

export class WarrenError extends Error {
  override readonly name = "WarrenError";
  /** The fault alone; `message` has the allowed values and the remedy too. */
  readonly fault: string;
  readonly allowed: readonly string[];
  readonly remedy: string | undefined;
  readonly exitCode: 1 | 2;

  constructor(fault: string, details: ErrorDetails = {}) {
    const lines = [fault];
    if (details.allowed?.length) lines.push(`  allowed: ${details.allowed.join(", ")}`);
    if (details.remedy) lines.push(`  to do:   ${details.remedy}`);
    super(lines.join("\n"), details.cause === undefined ? undefined : { cause: details.cause });
    this.fault = fault;
    this.allowed = details.allowed ?? [];
    this.remedy = details.remedy;
    this.exitCode = details.exitCode ?? 1;
  }
}
