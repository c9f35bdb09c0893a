/** Every client library under test, loaded when it is needed: a process has its own library in memory and no other. */
import type { Subject } from "../subject.js";

const loaders = {
  amqplib: async () => (await import("./amqplib.js")).amqplib,
  "amqplib, recovery": async () => (await import("./amqplib-recovery.js")).amqplibRecovery,
  "amqp-connection-manager": async () => (await import("./amqp-connection-manager.js")).amqpConnectionManager,
  rascal: async () => (await import("./rascal.js")).rascal,
  "rabbitmq-client": async () => (await import("./rabbitmq-client.js")).rabbitmqClient,
  "@cloudamqp/amqp-client": async () => (await import("./cloudamqp.js")).cloudamqp,
  "warren, no store": async () => (await import("./warren.js")).warrenWithoutStore,
  warren: async () => (await import("./warren.js")).warren,
} satisfies Readonly<Record<string, () => Promise<Subject>>>;

export type SubjectName = keyof typeof loaders;

export const subjectNames = Object.keys(loaders) as SubjectName[];

/** Throws for a name that is none, with those that are. */
export async function subjectOf(name: string): Promise<Subject> {
  if (!Object.hasOwn(loaders, name)) throw new Error(`There is no subject ${JSON.stringify(name)}; there are ${subjectNames.join("; ")}.`);
  return loaders[name as SubjectName]();
}
