// Collects the schemas against which objects are tested, from the Go modules of those who serve them: node k8s/schemas/collect.mjs (needs Go and its proxy).
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";

/** Versions that the stack is tested with. */
const MODULES = {
  kubernetes: "k8s.io/kubernetes@v1.36.3",
  rabbitmq: "github.com/rabbitmq/cluster-operator/v2@v2.20.0",
  topology: "github.com/rabbitmq/messaging-topology-operator@v1.15.0",
  keda: "github.com/kedacore/keda/v2@v2.21.0",
  prometheus: "github.com/prometheus-operator/prometheus-operator@v0.85.0",
  certManager: "github.com/cert-manager/cert-manager@v1.21.2",
};
const CRDS = {
  rabbitmq: ["config/crd/bases/rabbitmq.com_rabbitmqclusters.yaml"],
  topology: [
    ...["bindings", "exchanges", "federations", "operatorpolicies", "permissions", "policies", "queues"],
    ...["shovels", "topicpermissions", "users", "vhosts"],
  ].map((name) => `config/crd/bases/rabbitmq.com_${name}.yaml`),
  keda: ["config/crd/bases/keda.sh_scaledobjects.yaml", "config/crd/bases/keda.sh_triggerauthentications.yaml"],
  prometheus: ["podmonitors", "prometheusrules"].map((name) => `example/prometheus-operator-crd/monitoring.coreos.com_${name}.yaml`),
  certManager: ["certificates", "issuers"].map((name) => `deploy/crds/cert-manager.io_${name}.yaml`),
};
/** Of Kubernetes itself, with the names that its document has. */
const KINDS = {
  "v1/Namespace": "io.k8s.api.core.v1.Namespace",
  "v1/ConfigMap": "io.k8s.api.core.v1.ConfigMap",
  "v1/Secret": "io.k8s.api.core.v1.Secret",
  "v1/Service": "io.k8s.api.core.v1.Service",
  "v1/ServiceAccount": "io.k8s.api.core.v1.ServiceAccount",
  "apps/v1/Deployment": "io.k8s.api.apps.v1.Deployment",
  "autoscaling/v2/HorizontalPodAutoscaler": "io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler",
  "networking.k8s.io/v1/NetworkPolicy": "io.k8s.api.networking.v1.NetworkPolicy",
  "policy/v1/PodDisruptionBudget": "io.k8s.api.policy.v1.PodDisruptionBudget",
};
const KEPT = new Set([
  ...["type", "properties", "required", "items", "enum", "pattern", "minimum", "maximum", "minItems", "maxItems", "minLength", "maxLength"],
  ...["additionalProperties", "$ref", "format", "x-kubernetes-int-or-string", "x-kubernetes-preserve-unknown-fields"],
]);

const folderOf = (name) => JSON.parse(execFileSync("go", ["mod", "download", "-json", MODULES[name]], { encoding: "utf8" })).Dir;

/** Without what nothing is checked by. */
function trimmed(schema) {
  const kept = Object.entries(schema).filter(([key]) => KEPT.has(key));
  return Object.fromEntries(
    kept.map(([key, value]) => {
      if (key === "properties") return [key, Object.fromEntries(Object.entries(value).map(([name, each]) => [name, trimmed(each)]))];
      if ((key === "items" || key === "additionalProperties") && typeof value === "object") return [key, trimmed(value)];
      return [key, key === "$ref" ? value.replace("#/definitions/", "") : value];
    }),
  );
}

const schemas = {};
const definitions = {};
const document = JSON.parse(readFileSync(join(folderOf("kubernetes"), "api/openapi-spec/swagger.json"), "utf8")).definitions;
function define(name) {
  if (definitions[name]) return;
  // Any number or text, and anything at all: the document gives them no shape.
  definitions[name] = /\.IntOrString$/.test(name) ? { "x-kubernetes-int-or-string": true } : trimmed(document[name]);
  for (const [, used] of JSON.stringify(definitions[name]).matchAll(/"\$ref":"([^"]+)"/g)) define(used);
}
for (const [kind, name] of Object.entries(KINDS)) {
  define(name);
  schemas[kind] = { $ref: name };
}
for (const [name, files] of Object.entries(CRDS)) {
  const folder = folderOf(name);
  for (const file of files)
    for (const crd of parseAllDocuments(readFileSync(join(folder, file), "utf8")).map((each) => each.toJS()))
      for (const version of crd.spec.versions)
        schemas[`${crd.spec.group}/${version.name}/${crd.spec.names.kind}`] = trimmed(version.schema.openAPIV3Schema);
}
const text = JSON.stringify({ modules: Object.values(MODULES), schemas, definitions });
writeFileSync(join(import.meta.dirname, "schemas.json"), `${text}\n`);
console.log(`${Object.keys(schemas).length} kinds, ${text.length} bytes`);
