/** `@cloudamqp/amqp-client` by its session, which its README recommends, with its own codec for JSON. */
import { AMQPSession, builtinParsers } from "@cloudamqp/amqp-client";
import { drive } from "../drive.js";
import type { Body } from "../task.js";

drive(async ({ url, queue, prefetch }) => {
  const session = await AMQPSession.connect(url, { parsers: builtinParsers, defaultContentType: "application/json" });
  const handle = await session.queue(queue, { passive: true });
  return {
    async publisher() {
      return (body, done) => void handle.publish({ ...body }, { deliveryMode: 2 }).then(() => done(), done);
    },
    async consume(handler) {
      await handle.subscribe({ prefetch }, (message) => handler(message.body as Body));
    },
    async requester() {
      const client = await session.rpcClient();
      return async (body) => (await client.call(queue, { ...body })).body as Body;
    },
    async answer(handler) {
      await session.rpcServer(queue, (message) => ({ ...handler(message.body as Body) }), prefetch);
    },
  };
});
