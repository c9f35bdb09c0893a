/** rabbitmq-client by its Publisher, Consumer and RPCClient, which its README recommends. It writes and reads JSON itself. */
import { Connection } from "rabbitmq-client";
import { drive } from "../drive.js";
import type { Body } from "../task.js";

drive(async ({ url, queue, prefetch }) => {
  const rabbit = new Connection(url);
  rabbit.on("error", (error) => process.stderr.write(`${String(error)}\n`));
  await rabbit.onConnect();
  return {
    async publisher() {
      const publisher = rabbit.createPublisher({ confirm: true, maxAttempts: 2 });
      return (body, done) => void publisher.send({ routingKey: queue, durable: true }, body).then(() => done(), done);
    },
    async consume(handler) {
      const consumer = rabbit.createConsumer(
        { queue, queueOptions: { passive: true }, qos: { prefetchCount: prefetch } },
        async ({ body }) => handler(body as Body),
      );
      await new Promise<void>((resolve) => consumer.once("ready", resolve));
    },
    async requester() {
      const client = rabbit.createRPCClient({ confirm: false });
      return async (body) => (await client.send(queue, body)).body as Body;
    },
    async answer(handler) {
      const consumer = rabbit.createConsumer(
        { queue, queueOptions: { passive: true }, qos: { prefetchCount: prefetch } },
        async ({ body }, reply) => reply(handler(body as Body)),
      );
      await new Promise<void>((resolve) => consumer.once("ready", resolve));
    },
  };
});
