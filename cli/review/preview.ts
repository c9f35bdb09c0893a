/** What `pulumi preview --json` says: the steps that change something, and why the preview failed. Never a value of a resource. */
import { z } from "zod";
import { withoutCredentials } from "../../broker/faults.js";
import { WarrenError } from "../../topology/errors.js";

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
  /** A queue or a vhost goes, with its messages. */
  readonly losesMessages: boolean;
}

export interface PreviewResult {
  readonly steps: readonly PreviewStep[];
  /** Errors that ended the preview, such as the guard's refusal. */
  readonly errors: readonly string[];
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

/** Colours of a terminal, and the engine's own markup. */
const plain = (text: string): string => text.replace(/\u001b\[[0-9;]*m|<\{%[^%]*%\}>/g, "");

const loses = (op: PreviewStep["op"], type: string): boolean => (op === "delete" || op === "replace") && /:(Queue|VHost|Vhost)$/.test(type);

/** Throws a WarrenError (exit code 2) for what is no preview. What stands before the JSON, as a wrapper prints it, is passed over. */
export function readPreview(text: string, label: string): PreviewResult {
  const wrong = (why: string): WarrenError =>
    new WarrenError(`${label} is no preview of Pulumi: ${why}`, { remedy: "pulumi preview --json > preview.json", exitCode: 2 });
  let value: unknown;
  const begin = /^\{/m.exec(text)?.index ?? 0;
  try {
    value = JSON.parse(text.slice(begin));
  } catch (error) {
    throw wrong((error as Error).message);
  }
  const read = Preview.safeParse(value);
  if (!read.success) throw wrong(read.error.issues[0]?.message ?? "it has another shape");
  const { steps, diagnostics } = read.data;
  if (!steps && !diagnostics) throw wrong("it has neither steps nor diagnostics");
  const found = new Map<string, PreviewStep>();
  for (const { op: given, urn, diffReasons, replaceReasons } of steps ?? []) {
    const op = OPS[given];
    const [, , types = "", ...name] = urn.split("::");
    const type = types.split("$").at(-1) ?? "";
    if (op === undefined || type === "pulumi:pulumi:Stack" || type.startsWith("pulumi:providers:")) continue;
    const reasons = [...new Set([...(found.get(urn)?.reasons ?? []), ...(replaceReasons ?? []), ...(diffReasons ?? [])])];
    // A replacement is several steps, of which one may be a deletion.
    const whole = found.get(urn)?.op === "replace" ? "replace" : op;
    found.set(urn, { op: whole, type, name: name.join("::"), reasons, losesMessages: loses(whole, type) });
  }
  const errors = (diagnostics ?? [])
    .filter(({ severity }) => severity === "error")
    .map(({ message }) => withoutCredentials(plain(message ?? "")).trim())
    .filter((message) => message !== "");
  return { steps: [...found.values()], errors: [...new Set(errors)] };
}
