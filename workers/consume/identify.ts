/** Which message of the topology a delivery is, and whether its body fits. */
import type { ConsumeMessage } from "amqplib";
import { compile } from "../../topology/compile/compile.js";
import type { Plan } from "../../topology/compile/plan.js";
import type { Message, Topology } from "../../topology/model.js";
import { target } from "../../topology/permissions.js";
import { router } from "../../topology/routing.js";
import { complaints } from "../publish/outgoing.js";

interface Candidate {
  readonly name: string;
  readonly schema: Message["schema"];
}

export type Identified =
  | { readonly ok: true; readonly name: string | undefined; readonly body: unknown }
  | { readonly ok: false; readonly reason: "malformed" | "invalid"; readonly fault: string };

/** The messages that can reach each queue (or the queues of each template), by the routing model. */
export function reaching(topology: Topology, plan: Plan = compile(topology)): ReadonlyMap<string, readonly Candidate[]> {
  const { reach } = router(plan);
  const found = new Map<string, Candidate[]>();
  for (const [name, message] of Object.entries(topology.messages ?? {})) {
    const { exchange, key } = target(topology, message);
    for (const queue of reach(exchange, key, message.headers ?? {}))
      found.set(queue, [...(found.get(queue) ?? []), { name, schema: message.schema }]);
  }
  // A super stream is consumed by the name of the whole.
  for (const { name, role } of plan.queues)
    if (role.kind === "partition") found.set(role.of, [...new Set([...(found.get(role.of) ?? []), ...(found.get(name) ?? [])])]);
  return found;
}

/**
 * Reads a body as JSON, and as the message that it says it is (property `type`). One that does not say is taken for the only
 * message that can be there, or the first of them that it fits.
 */
export function identifier(candidates: readonly Candidate[]): (message: ConsumeMessage, body: Buffer) => Identified {
  const byName = new Map(candidates.map((candidate) => [candidate.name, candidate]));
  const only = candidates.length === 1 ? candidates[0] : undefined;
  const as = ({ name, schema }: Candidate, value: unknown): Identified => {
    if (!schema) return { ok: true, name, body: value };
    const parsed = schema.safeParse(value);
    return parsed.success
      ? { ok: true, name, body: parsed.data }
      : { ok: false, reason: "invalid", fault: `it does not fit the schema of "${name}": ${complaints(parsed.error)}` };
  };
  return ({ properties }, content) => {
    let value: unknown;
    try {
      value = JSON.parse(content.toString("utf8"));
    } catch {
      return { ok: false, reason: "malformed", fault: `its body of ${content.length} bytes is no JSON` };
    }
    const type = properties.type as string | undefined;
    const candidate = (type === undefined ? undefined : byName.get(type)) ?? only;
    if (candidate) return as(candidate, value);
    if (candidates.length === 0) return { ok: true, name: type, body: value };
    for (const each of candidates) {
      const found = as(each, value);
      if (found.ok) return found;
    }
    return { ok: false, reason: "invalid", fault: `it fits none of ${candidates.map(({ name }) => `"${name}"`).join(", ")}` };
  };
}
