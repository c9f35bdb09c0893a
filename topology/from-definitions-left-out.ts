/** What definitions say that a topology cannot: errors where it would become something else, warnings where it is left out. */
import type { Finding } from "./check/finding.js";
import type { BindingDefinition, Definitions, QueueDefinition } from "./definitions-format.js";
import { queueType, rawArguments } from "./from-definitions-queues.js";
import { path } from "./path.js";

type Said = Omit<Finding, "topology">;

const TYPES = ["classic", "quorum", "stream"];

function wrongQueue(queue: QueueDefinition, at: string): Said[] {
  const asked = rawArguments(queue.arguments)["x-queue-type"];
  if (asked !== undefined && !TYPES.includes(asked as string)) {
    return [
      {
        code: "wrong-value",
        severity: "error",
        path: `${at}.arguments["x-queue-type"]`,
        message: `queue ${JSON.stringify(queue.name)} has a type that is none of RabbitMQ's own`,
        value: asked,
        allowed: TYPES,
        remedy: "choose one of these types, or take the queue out of the definitions",
      },
    ];
  }
  if (queueType(queue, undefined) === "classic") return [];
  return (["durable", "auto_delete"] as const)
    .filter((key) => queue[key] === (key === "auto_delete"))
    .map((key) => ({
      code: "wrong-value",
      severity: "error",
      path: `${at}.${key}`,
      message: `${String(asked)} queue ${JSON.stringify(queue.name)} has ${key} ${String(queue[key])}, which the broker refuses`,
      value: queue[key],
      allowed: [String(key === "durable")],
      remedy: `set ${key} to ${String(key === "durable")}`,
    }));
}

function left(at: string, message: string, remedy: string, value?: unknown): Said {
  return { code: "left-out", severity: "warning", path: at, message, remedy, ...(value === undefined ? {} : { value }) };
}

const inVhost = (vhost: string | undefined, kind: string, name: string): string => JSON.stringify([vhost, kind, name]);

function homelessBindings(definitions: Definitions): Said[] {
  const known = new Set([
    ...(definitions.queues ?? []).map(({ vhost, name }) => inVhost(vhost, "queue", name)),
    ...(definitions.exchanges ?? []).map(({ vhost, name }) => inVhost(vhost, "exchange", name)),
  ]);
  const isKnown = ({ vhost, destination_type: type, destination }: BindingDefinition): boolean =>
    known.has(inVhost(vhost, type, destination)) && !destination.startsWith("amq.");
  return (definitions.bindings ?? []).flatMap((binding, index) => {
    if (binding.source === "" || isKnown(binding)) return [];
    const { source, destination, destination_type: type } = binding;
    const why = destination.startsWith("amq.")
      ? `a topology cannot bind the broker's own ${type}`
      : type === "exchange"
        ? "RabbitMQ does not export internal exchanges; add it with its type and `internal: true`"
        : "it is not among the queues; add it";
    return [
      left(
        path("bindings", index),
        `the binding from ${JSON.stringify(source)} to ${type} ${JSON.stringify(destination)} is left out`,
        why,
        destination,
      ),
    ];
  });
}

/** All that `fromDefinitions` leaves out or cannot say. `label` is what the definitions are called in findings. */
export function leftOut(definitions: Definitions, label: string): Finding[] {
  const users = new Set((definitions.users ?? []).map(({ name }) => name));
  const rights = (["permissions", "topic_permissions"] as const).flatMap((key) =>
    (definitions[key] ?? []).flatMap(({ user }, index) =>
      users.has(user)
        ? []
        : [
            left(
              path(key, index),
              `permissions of user ${JSON.stringify(user)} are left out, who is not among the users`,
              "add the user to the definitions",
              user,
            ),
          ],
    ),
  );
  const hashes = (definitions.users ?? []).flatMap(({ name, hashing_algorithm: algorithm, password_hash: hash }, index) =>
    !hash || algorithm === undefined || algorithm === "rabbit_password_hashing_sha256"
      ? []
      : [
          left(
            path("users", index, "hashing_algorithm"),
            `the password of user ${JSON.stringify(name)} is hashed with ${algorithm}, which is left out`,
            "give the user a new password, or a hash with rabbit_password_hashing_sha256",
            algorithm,
          ),
        ],
  );
  const queues = (definitions.queues ?? []).flatMap((queue, index) =>
    queue.name.startsWith("amq.")
      ? [
          left(
            path("queues", index),
            `queue ${JSON.stringify(queue.name)} is left out: the broker gave it its name, and takes no such name from others`,
            "nothing, if the client that uses it declares it anew",
            queue.name,
          ),
        ]
      : wrongQueue(queue, path("queues", index)),
  );
  return [...queues, ...homelessBindings(definitions), ...rights, ...hashes].map((said) => ({ ...said, topology: label }));
}
