/** What `pulumi preview --json` says: the steps that change something, and why the preview failed. Never a value of a resource. */
import { z } from "zod";
import { withoutCredentials } from "../../broker/faults.js";

const Step = z.object({
  op: z.string(),
  urn: z.string(),
  diffReasons: z.array(z.string()).nullish(),
  replaceReasons: z.array(z.string()).nullish(),
});
const Preview = z.object({
  steps: z.array(Step).nullish(),
  diagnostics: z.array(z.object({ message: z.string().nullish(), severity: z.string().nullish() })).nullish(),
});

export interface PreviewStep {
  readonly op: "create" | "update" | "replace" | "delete" | "import";
  /** `rabbitmq:index/queue:Queue` */
  readonly type: string;
  /** The logical name: `orders/queue/billing`. */
  readonly name: string;
  /** Names of the properties that differ. */
  readonly reasons: readonly string[];
  /** A queue, a vhost or a whole cluster goes, with its messages. */
  readonly losesMessages: boolean;
}

export interface PreviewResult {
  readonly steps: readonly PreviewStep[];
  /** Errors that ended the preview, such as the guard's refusal. */
  readonly errors: readonly string[];
  /** Steps whose operation is none of the engine's that are known here: `retype of orders/queue/billing`. */
  readonly unknown: readonly string[];
  /** Why nothing is known of the steps, where what was printed is no preview. */
  readonly unread?: string;
}

const OPS: Readonly<Record<string, PreviewStep["op"]>> = {
  create: "create",
  update: "update",
  replace: "replace",
  "create-replacement": "replace",
  "delete-replaced": "replace",
  delete: "delete",
  import: "import",
  "import-replacement": "replace",
};

/** Operations that change nothing outside the state. */
const SILENT: ReadonlySet<string> = new Set([
  ...["same", "refresh", "remove-pending-replace"],
  ...["read", "read-replacement", "discard", "discard-replaced"],
]);

/** Colours of a terminal, and the engine's own markup. */
const plain = (text: string): string => text.replace(/\u001b\[[0-9;]*m|<\{%[^%]*%\}>/g, "");

const loses = (op: PreviewStep["op"], type: string): boolean =>
  (op === "delete" || op === "replace") && /:(Queue|VHost|Vhost|RabbitmqCluster)$/.test(type);

/** What stands before the JSON, as a wrapper prints it, is passed over. Never throws: what is no preview says why in `unread`. */
export function readPreview(text: string, label: string): PreviewResult {
  const unread = (why: string): PreviewResult => ({
    steps: [],
    errors: [],
    unknown: [],
    unread: `${label} is no preview of Pulumi: ${why}`,
  });
  if (text.trim() === "") return unread("it is empty, so Pulumi ended before it looked; its log says why");
  let value: unknown;
  const begin = /^\{/m.exec(text)?.index ?? 0;
  try {
    value = JSON.parse(text.slice(begin));
  } catch {
    return unread("it is no JSON");
  }
  const read = Preview.safeParse(value);
  if (!read.success) return unread(read.error.issues[0]?.message ?? "it has another shape");
  const { steps, diagnostics } = read.data;
  if (!steps && !diagnostics) return unread("it has neither steps nor diagnostics");
  const errors = (diagnostics ?? [])
    .filter(({ severity }) => severity === "error")
    .map(({ message }) => withoutCredentials(plain(message ?? "")).trim())
    .filter((message) => message !== "");
  return { ...readSteps(steps ?? []), errors: [...new Set(errors)] };
}

function readSteps(steps: readonly z.infer<typeof Step>[]): Pick<PreviewResult, "steps" | "unknown"> {
  const found = new Map<string, PreviewStep>();
  const unknown = new Set<string>();
  for (const { op: given, urn, diffReasons, replaceReasons } of steps) {
    const op = OPS[given];
    const [, , types = "", ...parts] = urn.split("::");
    const [type, name] = [types.split("$").at(-1) ?? "", parts.join("::")];
    if (op === undefined && !SILENT.has(given)) unknown.add(`${given} of ${name || urn}`);
    if (op === undefined || type === "pulumi:pulumi:Stack" || type.startsWith("pulumi:providers:")) continue;
    const reasons = [...new Set([...(found.get(urn)?.reasons ?? []), ...(replaceReasons ?? []), ...(diffReasons ?? [])])];
    // A replacement is several steps, of which one may be a deletion.
    const whole = found.get(urn)?.op === "replace" ? "replace" : op;
    found.set(urn, { op: whole, type, name, reasons, losesMessages: loses(whole, type) });
  }
  return { steps: [...found.values()], unknown: [...unknown] };
}

/** With the exit code of `pulumi preview`, which fails whatever it printed if that is not 0. */
export function withExitCode(preview: PreviewResult, code: number): PreviewResult {
  if (code === 0 || preview.errors.length > 0) return preview;
  return { ...preview, errors: [`pulumi preview ended with exit code ${code}; its log says why`] };
}
