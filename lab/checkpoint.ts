/** Reads the engine's state file: what the stack holds, and which operations were cut off. It is never written here. */
import { existsSync, readFileSync } from "node:fs";
import { WarrenError } from "../topology/errors.js";

export interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
}

export interface PendingOperation {
  /** "creating", "updating", "deleting", "reading", "importing". */
  readonly type: string;
  readonly resource: StateResource;
}

export interface Checkpoint {
  readonly resources: readonly StateResource[];
  readonly pending: readonly PendingOperation[];
  /** The salt of the passphrase that the secrets in it are encrypted with. */
  readonly salt?: string;
}

interface Deployment {
  readonly resources?: StateResource[];
  readonly pending_operations?: PendingOperation[];
  readonly secrets_providers?: { readonly state?: { readonly salt?: string } };
}

/** Undefined if there is no such file: the stack was never made. Throws a WarrenError if it cannot be read. */
export function readCheckpoint(file: string): Checkpoint | undefined {
  if (!existsSync(file)) return undefined;
  let document: { checkpoint?: { latest?: Deployment | null } };
  try {
    document = JSON.parse(readFileSync(file, "utf8")) as typeof document;
  } catch {
    throw new WarrenError(`The stack's state ${file} is not whole`, {
      remedy: "free some space if the disk is full, then run the command again: a copy of the state is kept",
    });
  }
  return checkpointOf(document.checkpoint?.latest ?? {});
}

/** From the text of `pulumi stack export`. */
export const exportedCheckpoint = (exported: string): Checkpoint =>
  checkpointOf((JSON.parse(exported) as { deployment?: Deployment | null }).deployment ?? {});

function checkpointOf({ resources = [], pending_operations: pending = [], secrets_providers }: Deployment): Checkpoint {
  const salt = secrets_providers?.state?.salt;
  return { resources, pending, ...(salt ? { salt } : {}) };
}

/** The text of `pulumi stack export` without its pending operations. */
export function withoutPending(exported: string): string {
  const document = JSON.parse(exported) as { deployment: Deployment };
  const { pending_operations: _pending, ...deployment } = document.deployment;
  return JSON.stringify({ ...document, deployment });
}

/** The text of `pulumi stack export` without its resources. */
export function withoutResources(exported: string): string {
  const document = JSON.parse(exported) as { deployment: Deployment };
  const { pending_operations: _pending, ...deployment } = document.deployment;
  return JSON.stringify({ ...document, deployment: { ...deployment, resources: [] } });
}

/** The outputs of the stack that are in clear. */
export function stackOutputs(checkpoint: Checkpoint): Readonly<Record<string, unknown>> {
  return checkpoint.resources.find((resource) => resource.type === "pulumi:pulumi:Stack")?.outputs ?? {};
}
