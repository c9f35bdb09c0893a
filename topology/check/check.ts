/** Runs every rule over an installation: all findings at once, in the order in which the topologies are written. */
import type { Installation, Sizes, Topology } from "../model.js";
import { entry } from "../entry.js";
import { isWithin, path } from "../path.js";
import type { Version } from "../settings.js";
import { Facts } from "./facts.js";
import type { Finding } from "./finding.js";
import { byPosition } from "./order.js";
import type { Fault, Rule } from "./rule.js";
import { rules } from "./rules.js";
import { applySilences } from "./silence.js";

export interface CheckOptions {
  /** Only this one. @default the topologies as they stand, and every environment that they mention */
  readonly environment?: string | undefined;
  /** The broker to check for. @default each topology's own */
  readonly brokerVersion?: Version | undefined;
}

function found({ code, severity, remedy }: Rule, topology: string, fault: Fault): Finding {
  return { code, severity, topology, remedy, ...fault };
}

function findingsOf(facts: Facts): Finding[] {
  return rules.flatMap((rule) => (rule.find ? [...rule.find(facts)].map((fault) => found(rule, facts.topology.name, fault)) : []));
}

const identity = ({ code, path: at, message }: Finding): string => JSON.stringify([code, at, message]);

/** The path where an environment writes what a finding is about. */
function inEnvironment(at: string, environment: string, sizes: Sizes): string {
  const origin = path("environments", environment);
  const changed = [
    ...Object.entries(sizes.queues ?? {}).flatMap(([name, fields]) =>
      Object.keys(fields ?? {}).map((field) => `${path("queues", name)}.${field}`),
    ),
    ...Object.entries(sizes.services ?? {}).flatMap(([name, fields]) =>
      Object.keys(fields ?? {}).map((field) => `${path("services", name)}.${field}`),
    ),
    ...Object.keys(sizes.vhost ?? {}).map((field) => `vhost.${field}`),
  ];
  return changed.some((one) => isWithin(at, one)) ? `${origin}.${at}` : at;
}

/** What a topology has in an environment that it does not have without. */
function onlyInEnvironment(
  topology: Topology,
  environment: string,
  plain: readonly Finding[],
  options: CheckOptions,
  users: Installation["users"],
): Finding[] {
  const known = new Set(plain.map(({ code, path: at }) => JSON.stringify([code, at])));
  const facts = new Facts(topology, { environment, brokerVersion: options.brokerVersion, users });
  return findingsOf(facts)
    .filter(({ code, path: at }) => !known.has(JSON.stringify([code, at])))
    .map((finding) => ({
      ...finding,
      path: inEnvironment(finding.path, environment, entry(topology.environments, environment) ?? {}),
      message: finding.message.replace(/\.$/, ` (environment ${JSON.stringify(environment)}).`),
    }));
}

function unique(findings: readonly Finding[]): Finding[] {
  return [...new Map(findings.map((finding) => [identity(finding), finding])).values()];
}

/**
 * Checks an installation: every fault at once, never only the first. Pure; never throws on structurally valid topologies.
 * Findings of one topology stand together, in the order in which they are written; those of the installation come first,
 * with an empty `topology`.
 */
export function check(installation: Installation, options: CheckOptions = {}): Finding[] {
  const { environment, brokerVersion } = options;
  const all = installation.topologies.map((topology) => new Facts(topology, { environment, brokerVersion, users: installation.users }));
  const across = rules.flatMap((rule) =>
    rule.findAcross ? [...rule.findAcross(installation, all)].map(({ topology = "", ...fault }) => found(rule, topology, fault)) : [],
  );
  const own = installation.topologies.flatMap((topology, index) => {
    const facts = all[index];
    if (!facts) return [];
    const plain = findingsOf(facts);
    const environments = environment === undefined ? Object.keys(topology.environments ?? {}) : [];
    const more = environments.flatMap((name) => onlyInEnvironment(topology, name, plain, options, installation.users));
    const namesakes = installation.topologies.findIndex(({ name }) => name === topology.name);
    const shared = namesakes === index ? across.filter((finding) => finding.topology === topology.name) : [];
    const compare = byPosition(topology);
    return applySilences(topology, unique([...plain, ...more, ...shared]), rules).sort((a, b) => compare(a.path, b.path));
  });
  return [...across.filter(({ topology }) => topology === ""), ...own];
}
