/** Reads what somebody gives for a topology: plain JavaScript or JSON, one or several, or RabbitMQ's definitions. Never throws. */
import type { Finding } from "./check/finding.js";
import { definitionsSchema, IN_VHOST, isOneVhost, looksLikeDefinitions, type Definitions } from "./definitions-format.js";
import { fromDefinitions } from "./from-definitions.js";
import { leftOut } from "./from-definitions-left-out.js";
import type { Installation, Topology } from "./model.js";
import { path } from "./path.js";
import { faultsOf } from "./read-faults.js";
import { sharedSchema, topologySchema } from "./schema.js";
import { isObject } from "./plain.js";

export interface Read {
  /** None if there is an error among the findings. */
  readonly installation?: Installation;
  /** Structural faults, all of them: `wrong-type`, `wrong-value`, `unknown-key`, `missing-key`; warnings for what could not be read. */
  readonly findings: readonly Finding[];
}

/** Deeper than any topology; arguments may be nested so far, and what lies below is not looked at. */
const DEEPEST = 64;

/** Plain data without the keys that are set to `undefined`, which in JavaScript is one way of leaving them out. */
function withoutUndefined(value: unknown, depth = 0): unknown {
  if (typeof value !== "object" || value === null || depth > DEEPEST) return value;
  if (Array.isArray(value)) return value.map((item) => withoutUndefined(item, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  if ((prototype !== Object.prototype && prototype !== null) || "safeParse" in value) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => (inner === undefined ? [] : [[key, withoutUndefined(inner, depth + 1)]])),
  );
}

/** `__proto__` as a key of JSON is one that JavaScript's own tools lose: refused rather than lost. */
function lostKeys(value: unknown, topology: string, steps: readonly (string | number)[] = []): Finding[] {
  if (typeof value !== "object" || value === null || steps.length > DEEPEST || "safeParse" in value) return [];
  return Object.entries(value).flatMap(([key, inner]): Finding[] => {
    const at = [...steps, Array.isArray(value) ? Number(key) : key];
    if (key !== "__proto__") return lostKeys(inner, topology, at);
    return [
      {
        code: "wrong-value",
        severity: "error",
        topology,
        path: path(...at),
        message: `${path(...at)}: "__proto__" cannot be a name`,
        value: key,
        remedy: "choose another name",
      },
    ];
  });
}

function readTopologies(values: readonly unknown[], label: string, under: string | undefined): Read {
  const findings = values.flatMap((value, index) => {
    const name = isObject(value) && typeof value["name"] === "string" && value["name"] !== "" ? value["name"] : undefined;
    const single = under === undefined;
    const topology = name ?? (single ? label : `${label} ${path(under, index)}`);
    return faultsOf(topologySchema, value, topology);
  });
  return findings.length > 0 ? { findings } : { installation: { topologies: values as readonly Topology[] }, findings };
}

function readInstallation(value: { readonly [key: string]: unknown }, label: string): Read {
  const shared = faultsOf(sharedSchema, value, label);
  const topologies = Array.isArray(value["topologies"]) ? readTopologies(value["topologies"], label, "topologies") : undefined;
  const findings = [...shared, ...(topologies?.findings ?? [])];
  return findings.length > 0 ? { findings } : { installation: value as unknown as Installation, findings };
}

function withoutVhost(definitions: Definitions, label: string): Finding[] {
  if (isOneVhost(definitions)) return [];
  return IN_VHOST.flatMap((key) =>
    (definitions[key] ?? []).flatMap((entry, index): Finding[] => {
      const at = path(key, index, "vhost");
      return entry.vhost !== undefined
        ? []
        : [
            {
              code: "missing-key",
              severity: "error",
              topology: label,
              path: at,
              message: `${at} is missing`,
              remedy: "set it to the name of the object's vhost, or leave it out everywhere, as in the export of one vhost",
            },
          ];
    }),
  );
}

function readDefinitions(value: object, label: string): Read {
  const faults = faultsOf(definitionsSchema, value, label);
  if (faults.length > 0) return { findings: faults };
  const definitions = definitionsSchema.parse(value);
  const homeless = withoutVhost(definitions, label);
  if (homeless.length > 0) return { findings: homeless };
  const findings = leftOut(definitions, label);
  if (findings.some(({ severity }) => severity === "error")) return { findings };
  return { installation: fromDefinitions(definitions, label), findings };
}

/**
 * Reads a topology, an installation, a list of topologies, or RabbitMQ's exported definitions (of a broker, or of one vhost).
 * Structure only: what a topology means is for `check`.
 * @param label what it is called in findings while it has no name itself, such as the file's name
 */
export function read(value: unknown, label: string): Read {
  const lost = lostKeys(value, label);
  if (lost.length > 0) return { findings: lost };
  const data = withoutUndefined(value);
  if (Array.isArray(data)) return readTopologies(data, label, "topologies");
  if (!isObject(data)) {
    return {
      findings: [
        {
          code: "wrong-type",
          severity: "error",
          topology: label,
          path: "",
          message: `${label} is ${data === null ? "null" : data === undefined ? "nothing" : `a ${typeof data}`}, not a topology`,
          remedy: "give an object: a topology, an installation, or definitions that RabbitMQ exported; or a list of topologies",
        },
      ],
    };
  }
  if (Object.hasOwn(data, "topologies")) return readInstallation(data, label);
  if (looksLikeDefinitions(data)) return readDefinitions(data, label);
  return readTopologies([data], label, undefined);
}
