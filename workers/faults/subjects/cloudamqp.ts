/** `@cloudamqp/amqp-client`, by its session, which its README recommends. */
import { AMQPSession } from "@cloudamqp/amqp-client";
import type { Subject } from "../subject.js";

/** README, "High-level API (recommended)", "Reconnection options", "Consumer recovery". */
export const cloudamqp: Subject = {
  name: "@cloudamqp/amqp-client",
  module: "@cloudamqp/amqp-client",
  settings:
    "README, “High-level API (recommended)”: `AMQPSession` with `reconnectInterval`, `maxReconnectInterval`, `backoffMultiplier`, endless retries; `publish` waits for the confirm, `mandatory` with `onreturn`; `subscribe` with `prefetch`, acknowledged after the callback, requeued when it throws (it has no publish time-out); `stop()` at the end",
  async open({ urls, ca, queue, queueArguments, prefetch, heartbeatSeconds, reconnectMs, reconnectMaxMs }, reports) {
    const session = await AMQPSession.connect(urls[0] ?? "", {
      ...{
        heartbeat: heartbeatSeconds,
        reconnectInterval: reconnectMs,
        maxReconnectInterval: reconnectMaxMs,
        backoffMultiplier: 2,
        maxRetries: 0,
      },
      ...(ca === undefined ? {} : { tlsOptions: { ca } }),
      ondisconnect: (error) => reports.log(error),
      onrecoverfailed: (_, error) => reports.log(error),
      onblocked: (reason) => reports.log(reason),
      onreturn: (message) => reports.returned(message.properties.messageId ?? ""),
    });
    const handle = await session.queue(queue, { durable: true, arguments: { ...queueArguments } });
    const exchange = await session.directExchange("");
    return {
      async publisher() {
        return {
          publish(id, content, to) {
            const options = { messageId: id, deliveryMode: 2, mandatory: true };
            const sent =
              to === "queue" ? handle.publish(content, options) : exchange.publish(content, { ...options, routingKey: "nowhere" });
            sent.then(
              () => reports.confirmed(id),
              (error: unknown) => reports.failed(id, error),
            );
          },
        };
      },
      async consume({ work, effect }) {
        await handle.subscribe({ prefetch }, async (message) => {
          const content = Buffer.from(message.body as Uint8Array);
          await work(content);
          effect(content);
        });
      },
      close: () => session.stop(),
    };
  },
};
