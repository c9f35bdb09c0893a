/** A rich report for tests and pictures: every result, long names, many cases, two topologies. Nothing in it was measured. */
import { compile } from "../../topology/compile/compile.js";
import { graph } from "../../topology/compile/graph.js";
import { mermaid } from "../../topology/compile/mermaid.js";
import type { Installation, Topology } from "../../topology/model.js";
import { contextiq } from "../../topology/systems/contextiq.js";
import { debias } from "../../topology/systems/debias.js";
import type { CaseReport, ProbeReport, Report } from "../report.js";
import { caseCounts, probeResult, wholeResult } from "../result.js";

type Evidence = CaseReport["evidence"][number];

type System = "contextiq" | "debias";
const systems: Readonly<Record<System, Topology>> = { contextiq, debias };

export const sampleInstallation = { topologies: [contextiq, debias] } satisfies Installation;

const quoted = (name: string): string => JSON.stringify(name);
const see = (ms: number, kind: Evidence["kind"], text: string): Evidence => ({ ms, kind, text });
const kept = (name: string, seconds: number, ...evidence: Evidence[]): CaseReport => ({ name, result: "success", seconds, evidence });
const broken = (name: string, seconds: number, message: string, ...evidence: Evidence[]): CaseReport => ({
  ...{ name, result: "failure", message, seconds, evidence },
});
const untried = (name: string, message: string): CaseReport => ({ name, result: "not-run", message, seconds: 0, evidence: [] });

function probe(vhost: string, name: string, promise: string, cases: CaseReport[], more: Partial<ProbeReport> = {}): ProbeReport {
  const seconds = cases.reduce((sum, one) => sum + one.seconds, 0);
  return { name, promise, level: "core", vhost, result: probeResult(cases), seconds, cases, ...more };
}

function objects(system: System): CaseReport[] {
  const { queues, exchanges } = compile(systems[system]);
  return [
    ...exchanges.map(({ name, type }) => kept(`exchange ${quoted(name)}`, 0.004, see(3, "read", `type ${type}, durable`))),
    ...queues.map(({ name, type }, at) =>
      system === "contextiq" && at === 2
        ? broken(
            `queue ${quoted(name)}`,
            0.006,
            `Queue ${quoted(name)} in vhost "contextiq" differs from the topology:\n  x-queue-type is "classic", and the topology says "quorum"\n  the policy in effect is "by-hand" (priority 100), and the topology says ${quoted(name)} (priority 10)`,
            see(2, "read", `GET /api/queues/contextiq/${encodeURIComponent(name)}`),
            see(5, "read", 'type classic, durable, policy "by-hand"'),
          )
        : kept(`queue ${quoted(name)}`, 0.005, see(2, "read", `type ${type}, durable, policy ${quoted(name)}`)),
    ),
  ];
}

function permissions(system: System): CaseReport[] {
  const { queues } = compile(systems[system]);
  const services = Object.keys(systems[system].services ?? {});
  return services.flatMap((service, at) =>
    queues.map(({ name }, index) => {
      const what = `service ${quoted(service)} reads queue ${quoted(name)}`;
      const evidence = see(12 + index, "tried", "basic.consume: 403 ACCESS_REFUSED");
      if (system === "debias" && at === 0 && index === 0)
        return broken(
          what,
          0.021,
          `Service ${quoted(service)} could read queue ${quoted(name)}, which it does not declare.`,
          see(4, "tried", `connected as ${quoted(service)}`),
          see(19, "tried", "basic.consume: accepted"),
        );
      return kept(what, 0.014, evidence);
    }),
  );
}

const LONG =
  'exchange "tenant.4b1f2f0e-6f0a-4d0e-9a55-0a9d8a9c1b7e.events.of.a.very.long.name.that.somebody.chose", key "order.eu.created.with.a.routing.key.that.does.not.end.anywhere.near.the.margin.of.a.telephone"';

function retries(): CaseReport[] {
  const rungs = ["1 second", "5 seconds", "15 seconds", "1 minute", "5 minutes"];
  return rungs.map((rung, at) =>
    at < 3
      ? kept(
          `queue "extraction.requests", rung ${at + 1} (${rung})`,
          [1.05, 5.04, 15.06][at] ?? 0,
          see(3, "sent", `to exchange "extraction.requests.retry", key "${at + 1}", warren-attempt ${at + 1}: confirmed`),
          see(8, "read", `queue "extraction.requests.retry.${at + 1}" holds 1 message`),
          see([1046, 5031, 15052][at] ?? 0, "waited", `for the TTL of ${rung}`),
          see([1050, 5040, 15060][at] ?? 0, "arrived", 'in queue "extraction.requests", x-death: expired, count 1'),
        )
      : untried(`queue "extraction.requests", rung ${at + 1} (${rung})`, "the rung is longer than 30 seconds; --long waits for it"),
  );
}

function routes(): CaseReport[] {
  const sent = Array.from({ length: 60 }, (_, at) => see(10 + at * 3, "arrived", `key "memory.${at}.updated": "analytics", "webhook"`));
  return [
    kept('exchange "memory.events"', 0.412, ...sent),
    kept("the default exchange", 0.198, ...sent.slice(0, 24)),
    broken(
      LONG,
      0.377,
      `A message to ${LONG} did not reach "billing".\nA message to the same exchange, key "order.us.created", reached "audit", which the topology does not say.`,
      see(4, "sent", 'key "order.eu.created", message-id "7c0d-1": confirmed'),
      see(5, "sent", 'key "order.us.created", message-id "7c0d-2": confirmed'),
      see(210, "arrived", 'message-id "7c0d-1": "analytics"'),
      see(214, "arrived", 'message-id "7c0d-2": "analytics", "audit"'),
      see(377, "waited", "until the queues were quiet for 150 ms"),
    ),
    kept('exchange "session.events"', 0.301, ...sent.slice(0, 12)),
  ];
}

const none = (vhost: string, name: string, promise: string, reason: string): ProbeReport =>
  probe(vhost, name, promise, [], { level: "extended", reason });

export function sampleReport(): Report {
  const probes = (["contextiq", "debias"] as const).flatMap((system) => [
    probe(system, "objects", "Every declared object exists with exactly its arguments, and nothing else does.", objects(system)),
    ...(system === "contextiq"
      ? [
          probe(
            system,
            "routes",
            "A message reaches exactly the queues that the topology says, for every binding and for what matches none.",
            routes(),
          ),
          probe(system, "retry-ladder", "A failed message comes back after the time of its rung, and to its own queue alone.", retries()),
          probe(system, "stream-offsets", "A consumer of a stream begins where it asks to.", [
            untried('stream "audit.log"', "the plugin rabbitmq_stream is not enabled on any node"),
          ]),
        ]
      : [
          probe(system, "unroutable", "A mandatory message that no queue gets is returned to its publisher.", [
            kept('exchange "events", key ""', 0.011, see(9, "sent", "with the mandatory flag: confirmed, returned: 312 NO_ROUTE")),
          ]),
        ]),
    probe(system, "permissions", "Each service can do exactly what it declares, and nothing else.", permissions(system)),
    none(system, "tls-versions", "A connection is refused below TLS 1.2.", "not declared: tls"),
    none(system, "cluster-members", "Every quorum queue has a member on every node.", "not declared: cluster"),
    none(system, "definitions-survive-a-restart", "What is declared is there after a restart.", "not part of profile probe"),
    none(system, "priorities", "A message of a higher priority overtakes.", "the topology promises nothing of the kind"),
  ]);
  return {
    version: 1,
    result: wholeResult(probes, false),
    profile: "probe",
    startedAt: "2026-03-14T09:26:53.000Z",
    seconds: 83.4,
    broker: { endpoint: "http://127.0.0.1:15672", version: "4.3.6", nodes: ["rabbit@warren-1"] },
    topologies: (["contextiq", "debias"] as const).map((system) => ({
      name: system,
      vhost: system,
      diagram: mermaid(graph({ topologies: [systems[system]] })),
    })),
    counts: caseCounts(probes),
    probes,
  };
}

/** A small report with each result, in which everything that comes from outside is this text. */
export function reportSaying(text: string): Report {
  const evidence = (["sent", "arrived", "read", "tried", "waited", "changed"] as const).map((kind, at) => see(at * 10, kind, text));
  const cases = [broken(text, 1.5, text, ...evidence), kept(text, 0.5, ...evidence), untried(text, text)];
  const probes = [
    probe(text, text, text, cases),
    probe(text, text, text, cases.slice(1)),
    probe(text, text, text, cases.slice(1, 2)),
    probe(text, text, text, cases.slice(2)),
    none(text, text, text, text),
  ];
  return {
    ...{ version: 1, result: wholeResult(probes, false), profile: "full", startedAt: text, seconds: 2 },
    broker: { endpoint: text, version: text, nodes: [text] },
    topologies: [{ name: text, vhost: text, diagram: text }],
    counts: caseCounts(probes),
    probes,
  };
}
