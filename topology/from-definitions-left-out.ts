/** What definitions say that a topology cannot: errors where it would become something else, warnings where it is left out. */
import type { Finding } from "./check/finding.js";
import type { Definitions, QueueDefinition } from "./definitions-format.js";
import { queueType, rawArguments } from "./from-definitions-queues.js";
import { path } from "./path.js";
import type { ReadCode } from "./read-faults.js";

type Said = Omit<Finding, "topology" | "code"> & { readonly code: ReadCode };

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

/** Exports leave out internal exchanges and keep their bindings (measured on 4.3.6). */
const ABSENT = {
  exchange: "probably an internal exchange, which exports leave out: add it to the file, or read the live broker with --broker",
  queue: "probably an exclusive queue, which exports leave out: if it is not, add it to the file",
};

function homelessBindings(definitions: Definitions): Said[] {
  const known = new Set([
    ...(definitions.queues ?? []).map(({ vhost, name }) => inVhost(vhost, "queue", name)),
    ...(definitions.exchanges ?? []).map(({ vhost, name }) => inVhost(vhost, "exchange", name)),
  ]);
  const isReserved = (name: string): boolean => name.startsWith("amq.");
  return (definitions.bindings ?? []).flatMap((binding, index) => {
    const { vhost, source, destination, destination_type: type, routing_key: key = "" } = binding;
    if (source === "") return [];
    const absent = [
      ...(isReserved(source) || known.has(inVhost(vhost, "exchange", source)) ? [] : [{ kind: "exchange", name: source } as const]),
      ...(isReserved(destination) || known.has(inVhost(vhost, type, destination)) ? [] : [{ kind: type, name: destination }]),
    ];
    if (absent.length === 0 && !isReserved(destination)) return [];
    const named = `the binding from ${JSON.stringify(source)} to ${type} ${JSON.stringify(destination)} with key ${JSON.stringify(key)} is left out`;
    const [first] = absent;
    if (!first) return [left(path("bindings", index), named, `a topology cannot bind the broker's own ${type}`, destination)];
    const which = absent.map(({ kind, name }) => `${kind} ${JSON.stringify(name)}`).join(" and ");
    const message = `${named}: ${which} ${absent.length > 1 ? "are" : "is"} not in the file`;
    return [left(path("bindings", index), message, ABSENT[first.kind], first.name)];
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
