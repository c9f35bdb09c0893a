/** Comparing with what a broker exports, which knows queues and exchanges, but no templates, messages or services. */
import type { Plan } from "../compile/plan.js";
import { matches } from "../regex.js";

/** Which side is what a broker holds, or exported. */
export type Exported = "old" | "now" | "both";

/** Queues that a template of the code covers are its instances', which come and go: in their place stands the template. */
export function withTemplates(exported: Plan, code: Plan): Plan {
  const own = new Set(code.queues.map(({ name }) => name));
  const isInstance = (name: string): boolean => !own.has(name) && code.templates.some(({ pattern }) => matches(pattern, name));
  return {
    ...exported,
    queues: exported.queues.filter(({ name }) => !isInstance(name)),
    bindings: exported.bindings.filter(({ destination, destinationType }) => destinationType !== "queue" || !isInstance(destination)),
    templates: code.templates,
  };
}
