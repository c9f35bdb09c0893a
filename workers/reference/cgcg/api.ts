/** CGCG's HTTP API: tasks and direct messages, checked and described. */
import { z } from "zod";
import { api, ErrorBody, type Api } from "../http.js";
import { guarded, type AccessOptions } from "./access.js";
import { QueueError } from "./errors.js";
import type { Messaging } from "./messaging.js";
import type { Task } from "./results.js";

const word = z
  .string()
  .max(200)
  .regex(/^[^.#*\s/]+$/, "one word without dots");
const refusals = { "4xx": ErrorBody, "5xx": ErrorBody } as const;

const TaskView = z.object({
  task_id: z.string().nullable(),
  task_name: z.string().optional(),
  status: z.string(),
  progress: z.number().optional(),
  result: z.unknown().optional(),
  error: z.string().optional(),
});
const viewOf = ({ submitted: _submitted, changed: _changed, ...task }: Task): z.infer<typeof TaskView> => task;

export interface CgcgApiOptions extends AccessOptions {
  readonly messaging: Messaging;
  /** Whether `/rabbitmq` is served at all. */
  readonly management: boolean;
  readonly onError?: (error: unknown) => void;
}

export async function cgcgApi({ messaging, management, onError, ...access }: CgcgApiOptions): Promise<Api> {
  const server = await api({ title: "CGCG", ...(onError ? { onError } : {}) });
  await guarded(server, access);
  const Health = z.object({ status: z.literal("healthy"), messaging: z.enum(["disabled", "connected", "away"]) });
  server.get("/health", { schema: { response: { 200: Health } } }, async () => ({
    status: "healthy" as const,
    messaging: !messaging.enabled ? ("disabled" as const) : messaging.connected() ? ("connected" as const) : ("away" as const),
  }));
  if (management) {
    taskRoutes(server, messaging);
    queueRoutes(server, messaging);
  }
  return server;
}

function taskRoutes(server: Api, messaging: Messaging): void {
  const Submit = z.object({
    task_id: z.uuid().optional(),
    task_name: z.string().min(1),
    args: z.array(z.unknown()).default([]),
    kwargs: z.record(z.string(), z.unknown()).default({}),
  });
  server.post(
    "/rabbitmq/tasks/submit",
    { config: { role: "publisher" }, schema: { body: Submit, response: { 202: TaskView, ...refusals } } },
    async ({ body }, reply) => {
      const task_id = await messaging.submit(body);
      return reply.code(202).send({ task_id, task_name: body.task_name, status: task_id === null ? "DISABLED" : "PENDING" });
    },
  );
  server.get(
    "/rabbitmq/tasks/active",
    { config: { role: "reader" }, schema: { response: { 200: z.array(TaskView), ...refusals } } },
    async () => messaging.active().map(viewOf),
  );
  const params = z.object({ task_id: z.uuid() });
  server.get(
    "/rabbitmq/tasks/:task_id",
    { config: { role: "reader" }, schema: { params, response: { 200: TaskView, ...refusals } } },
    async (request) => viewOf(messaging.status(request.params.task_id)),
  );
  server.delete(
    "/rabbitmq/tasks/:task_id",
    { config: { role: "publisher" }, schema: { params, response: { 200: TaskView, ...refusals } } },
    async (request) => viewOf(await messaging.revoke(request.params.task_id)),
  );
}

function queueRoutes(server: Api, messaging: Messaging): void {
  const Publish = z.object({
    queue_name: word,
    message: z.record(z.string(), z.unknown()),
    routing_key: z.string().optional(),
    exchange: z.string().optional(),
  });
  const Published = z.object({ enabled: z.boolean(), message_id: z.string().nullable() });
  server.post(
    "/rabbitmq/messages/publish",
    { config: { role: "publisher" }, schema: { body: Publish, response: { 202: Published, ...refusals } } },
    async ({ body: { queue_name, message, routing_key = queue_name, exchange = "cgcg.direct" } }, reply) => {
      if (routing_key !== queue_name || exchange !== "cgcg.direct")
        throw new QueueError(
          400,
          "not-direct",
          "Messages go to one queue, through the exchange cgcg.direct.",
          "leave routing_key and exchange out",
        );
      return reply.code(202).send({ enabled: messaging.enabled, message_id: await messaging.publish(queue_name, message) });
    },
  );

  const Declare = z.object({
    queue_name: word,
    durable: z.boolean().default(true),
    exclusive: z.boolean().default(false),
    auto_delete: z.boolean().default(false),
  });
  const Declared = z.object({ enabled: z.boolean(), queue_name: z.string(), name: z.string().nullable() });
  server.post(
    "/rabbitmq/queues/declare",
    { config: { role: "admin" }, schema: { body: Declare, response: { 200: Declared, ...refusals } } },
    async ({ body: { queue_name, durable, exclusive, auto_delete } }) => {
      if (!durable || exclusive || auto_delete)
        throw new QueueError(
          400,
          "not-durable",
          "Queues of the API are durable, for everyone, and stay.",
          "leave durable, exclusive and auto_delete out",
        );
      return { enabled: messaging.enabled, queue_name, name: await messaging.declare(queue_name) };
    },
  );

  const params = z.object({ queue_name: word });
  const Info = z.object({ queue_name: z.string(), message_count: z.int(), consumer_count: z.int(), durable: z.boolean() });
  server.get(
    "/rabbitmq/queues/:queue_name/info",
    { config: { role: "reader" }, schema: { params, response: { 200: Info, ...refusals } } },
    async ({ params: { queue_name } }) => {
      const { messages, consumers } = await messaging.info(queue_name);
      return { queue_name, message_count: messages, consumer_count: consumers, durable: true };
    },
  );
  const Purged = z.object({ queue_name: z.string(), purged: z.int() });
  server.delete(
    "/rabbitmq/queues/:queue_name/purge",
    { config: { role: "admin" }, schema: { params, response: { 200: Purged, ...refusals } } },
    async ({ params: { queue_name } }) => ({ queue_name, purged: await messaging.purge(queue_name) }),
  );
}
