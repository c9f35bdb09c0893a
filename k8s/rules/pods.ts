/** Rules for pods: what they may, what they ask for, how they start and end. */
import { TABLE } from "../../workers/settings/table.js";
import { containersOf, deployments, ofKind, say, specOf, type PolicyRule } from "./rule.js";

/** Seconds, as a worker reads them; none where it would refuse the text. */
function drainSeconds(said: string): number | undefined {
  const { data } = TABLE.WARREN_DRAIN_DEADLINE.schema.safeParse(said);
  return data === undefined ? undefined : data / 1000;
}

/** Whether the name may stand for another image tomorrow. */
function moves(image: string): boolean {
  if (image.includes("@sha256:")) return false;
  const [, name, tag] = /([^/:]+)(?::([^/:]+))?$/.exec(image) ?? [];
  if (tag === undefined || tag === "latest") return true;
  // `4.3` is each release of the series in turn.
  return name === "rabbitmq" && !/^\d+\.\d+\.\d+/.test(tag);
}

const SECRET_NAME = /PASSWORD|SECRET|TOKEN|API_KEY|PRIVATE_KEY|CREDENTIAL/;

export const podRules: readonly PolicyRule[] = [
  {
    code: "resources",
    severity: "error",
    title: "Containers ask for CPU and memory, and memory is limited to what is asked for",
    why: "Without a request pods are put where there is no room; with a limit above it they are the first to be ended when a machine runs short.",
    *find(manifests) {
      const asked = containersOf(manifests).map(({ object, container }) => ({ object, resources: container.resources }));
      const brokers = ofKind(manifests.objects, "RabbitmqCluster").map((object) => ({
        object,
        resources: specOf<{ readonly resources?: (typeof asked)[number]["resources"] }>(object).resources,
      }));
      for (const { object, resources } of [...asked, ...brokers]) {
        const { requests = {}, limits = {} } = resources ?? {};
        yield* say(
          object,
          requests["cpu"] === undefined && "asks for no CPU",
          requests["memory"] === undefined && "asks for no memory",
          requests["memory"] !== limits["memory"] &&
            `asks for ${requests["memory"] ?? "no"} memory and may take ${limits["memory"] ?? "any"}`,
        );
      }
    },
  },
  {
    code: "probes",
    severity: "error",
    title: "Containers have a liveness and a readiness probe",
    why: "Without them a worker that hangs is kept, and a new one counts before it consumes.",
    *find(manifests) {
      for (const { object, container } of containersOf(manifests))
        yield* say(object, !container.livenessProbe && "has no liveness probe", !container.readinessProbe && "has no readiness probe");
    },
  },
  {
    code: "restricted",
    severity: "error",
    title: 'Pods keep Pod Security "restricted"',
    why: "The namespaces refuse anything else; and what breaks out of a process is then nobody on the machine.",
    *find(manifests) {
      for (const { object, pod } of deployments(manifests)) {
        const { securityContext: own = {}, hostNetwork, hostPID, hostIPC, volumes = [] } = pod;
        yield* say(
          object,
          own.runAsNonRoot !== true && "may run as root",
          own.runAsUser === 0 && "runs as root",
          !["RuntimeDefault", "Localhost"].includes(own.seccompProfile?.type ?? "") && "has no seccomp profile",
          (hostNetwork ?? hostPID ?? hostIPC) === true && "shares a namespace with its machine",
          volumes.some(({ hostPath }) => hostPath) && "mounts a folder of its machine",
        );
      }
      for (const { object, container } of containersOf(manifests)) {
        const { securityContext: own = {}, ports = [] } = container;
        yield* say(
          object,
          own.allowPrivilegeEscalation !== false && "may gain privileges",
          own.privileged === true && "is privileged",
          own.runAsNonRoot === false && "may run as root",
          !(own.capabilities?.drop ?? []).includes("ALL") && "keeps capabilities",
          (own.capabilities?.add ?? []).some((name) => name !== "NET_BIND_SERVICE") && "adds capabilities",
          ports.some(({ hostPort }) => hostPort !== undefined) && "takes a port of its machine",
        );
      }
    },
  },
  {
    code: "read-only-root",
    severity: "error",
    title: "Containers cannot write to their image's files",
    why: "What gets in cannot stay.",
    *find(manifests) {
      for (const { object, container } of containersOf(manifests))
        yield* say(object, container.securityContext?.readOnlyRootFilesystem !== true && "can write to its root file system");
    },
  },
  {
    code: "image-tag",
    severity: "error",
    title: "Images are named with a tag that does not move (RabbitMQ's with its full version), or a digest",
    why: "Two pods of one Deployment could run different programs, and nobody could go back.",
    *find(manifests) {
      const brokers = ofKind(manifests.objects, "RabbitmqCluster").map((object) => ({
        object,
        image: specOf<{ readonly image?: string }>(object).image,
      }));
      const named = containersOf(manifests).map(({ object, container }) => ({ object, image: container.image }));
      for (const { object, image = "" } of [...named, ...brokers]) yield* say(object, moves(image) && `runs ${JSON.stringify(image)}`);
    },
  },
  {
    code: "service-account",
    severity: "error",
    title: "Pods have an account of their own, without rights, and no token",
    why: "The token of the default account, or of a shared one, is what an intruder looks for first.",
    *find(manifests) {
      const accounts = ofKind(manifests.objects, "ServiceAccount");
      const users = new Map<string, number>();
      const all = deployments(manifests);
      for (const { object, pod } of all) {
        const key = `${object.metadata.namespace}/${pod.serviceAccountName}`;
        users.set(key, (users.get(key) ?? 0) + 1);
      }
      for (const { object, pod } of all) {
        const name = pod.serviceAccountName;
        const account = accounts.find(({ metadata }) => metadata.name === name && metadata.namespace === object.metadata.namespace);
        yield* say(
          object,
          pod.automountServiceAccountToken !== false && "mounts a token",
          (name === undefined || name === "default") && "runs as the default account",
          name !== undefined && !account && `runs as ${name}, which is not there`,
          (users.get(`${object.metadata.namespace}/${name}`) ?? 0) > 1 && `shares the account ${name}`,
        );
      }
    },
  },
  {
    code: "grace-period",
    severity: "error",
    title: "Pods are given longer to end than their drain takes",
    why: "The autoscaler takes pods away from their work: what is not finished when the time is over is delivered again, and done twice.",
    *find(manifests) {
      for (const { object, pod, container } of containersOf(manifests)) {
        const said = container.env?.find(({ name }) => name === "WARREN_DRAIN_DEADLINE")?.value;
        const drain = said === undefined ? 0 : drainSeconds(said);
        const { terminationGracePeriodSeconds: grace = 30 } = pod;
        yield* say(
          object,
          drain === undefined && `drains for ${JSON.stringify(said)}, which is no time that a worker takes`,
          drain !== undefined && grace <= drain && `ends after ${grace} s, and drains for ${drain} s`,
          grace < 5 && `ends after ${grace} s`,
        );
      }
      for (const object of ofKind(manifests.objects, "RabbitmqCluster")) {
        const { terminationGracePeriodSeconds: grace = 604_800 } = specOf<{ readonly terminationGracePeriodSeconds?: number }>(object);
        yield* say(object, grace < 60 && `gives a node ${grace} s until no queue depends on it`);
      }
    },
  },
  {
    code: "secret-in-environment",
    severity: "error",
    title: "No secret stands in a manifest",
    why: "Manifests are in the state, in previews, in version control, and in the hands of everybody who may list pods.",
    *find(manifests) {
      for (const object of ofKind(manifests.objects, "Secret")) yield* say(object, "is a Secret with its values");
      for (const { object, container } of containersOf(manifests))
        for (const { name, value } of container.env ?? [])
          yield* say(
            object,
            value !== undefined && value !== "" && SECRET_NAME.test(name) && !/_(FILE|PATH)$/.test(name) && `holds ${name} in clear`,
            value !== undefined && /:\/\/[^/\s]*:[^/\s]*@/.test(value) && `holds credentials in ${name}`,
          );
    },
  },
];
