/** The `warren` command: its verbs. */
import type { Console } from "./output.js";
import { runProgram, startProgram, type Program } from "./program.js";
import type { ExitCode, Verb } from "./verb.js";
import { asyncapiVerb } from "./verbs/asyncapi.js";
import { checkVerb } from "./verbs/check.js";
import { conformanceVerb } from "./verbs/conformance.js";
import { crdsVerb } from "./verbs/crds.js";
import { definitionsVerb } from "./verbs/definitions.js";
import { diffVerb } from "./verbs/diff.js";
import { dlqVerb } from "./verbs/dlq.js";
import { docsVerb } from "./verbs/docs.js";
import { driftVerb } from "./verbs/drift.js";
import { envVerb } from "./verbs/env.js";
import { explainVerb } from "./verbs/explain.js";
import { exporterVerb } from "./verbs/exporter.js";
import { graphVerb } from "./verbs/graph.js";
import { importVerb } from "./verbs/import.js";
import { loadVerb } from "./verbs/load.js";
import { migrateVerb } from "./verbs/migrate.js";
import { monitoringVerb } from "./verbs/monitoring.js";
import { permissionsVerb } from "./verbs/permissions.js";
import { publishVerb } from "./verbs/publish.js";
import { reviewVerb } from "./verbs/review.js";
import { secretsVerb } from "./verbs/secrets.js";
import { sizeVerb } from "./verbs/size.js";
import { tailVerb } from "./verbs/tail.js";
import { uiVerb } from "./verbs/ui.js";
import { workVerb } from "./verbs/work.js";

const VERBS: readonly Verb[] = [
  checkVerb,
  graphVerb,
  explainVerb,
  definitionsVerb,
  crdsVerb,
  asyncapiVerb,
  docsVerb,
  importVerb,
  secretsVerb,
  permissionsVerb,
  diffVerb,
  reviewVerb,
  driftVerb,
  migrateVerb,
  monitoringVerb,
  sizeVerb,
  conformanceVerb,
  workVerb,
  publishVerb,
  tailVerb,
  dlqVerb,
  loadVerb,
  exporterVerb,
  uiVerb,
  envVerb,
];

const program = (version: string): Program => ({
  verbs: VERBS,
  version,
  description: "RabbitMQ as typed code: looks into a topology, a file of definitions, or a live broker.",
  example: "warren check contextiq",
  about:
    "A topology is a system's name (contextiq, debias, ...), a live broker (--broker URL), what RabbitMQ exported, or a file of your own:\n" +
    "  // shop.ts, for: warren check ./shop.ts\n" +
    '  import { topology } from "warren";\n' +
    "  export const shop = topology({\n" +
    '    name: "shop",\n' +
    '    exchanges: { orders: { type: "topic" } },\n' +
    '    queues: { packing: { type: "quorum", from: { orders: "order.*" }, maxLength: 10_000 } },\n' +
    '    messages: { paid: { to: "orders", key: "order.paid" } },\n' +
    '    services: { till: { publishes: ["paid"] }, packer: { consumes: ["packing"] } },\n' +
    "  });",
});

/** Runs one verb and returns its exit code. */
export const run = (words: readonly string[], console: Console, version: string): Promise<ExitCode> =>
  runProgram(program(version), words, console);

/** The process: its arguments, its output, its end. */
export const main = (version: string): Promise<void> => startProgram(program(version));
