/** rabbitmq-client, by its Consumer and Publisher, which its README recommends. */
import { Connection } from "rabbitmq-client";
import type { Subject } from "../subject.js";

/** README, "Quick start" and "Connection.createConsumer() vs Channel.basicConsume()". */
export const rabbitmqClient: Subject = {
  name: "rabbitmq-client",
  module: "rabbitmq-client",
  settings:
    "README, “Quick start”: `createPublisher` with `confirm` and `maxAttempts: 2`, `durable`, `mandatory`, “basic.return”; `createConsumer` with `qos` and queue options, the handler's end acknowledges, a failure requeues (default); `heartbeat`, `retryLow`, `retryHigh`, `acquireTimeout` as long as the others' publish time-out (it has none for a confirm); closed as in `onShutdown`",
  async open({ urls, ca, queue, queueArguments, prefetch, heartbeatSeconds, reconnectMs, reconnectMaxMs, publishTimeoutMs }, reports) {
    const [url = ""] = urls;
    const rabbit = new Connection({
      ...{ url, heartbeat: heartbeatSeconds, retryLow: reconnectMs, retryHigh: reconnectMaxMs, acquireTimeout: publishTimeoutMs },
      ...(ca === undefined ? {} : { tls: { ca } }),
      ...(urls.length > 1 ? { hosts: urls.map((one) => new URL(one).host) } : {}),
    });
    rabbit.on("error", (error) => reports.log(error));
    const closing: (() => Promise<void>)[] = [];
    const declared = { durable: true, arguments: { ...queueArguments } };
    return {
      async publisher() {
        const publisher = rabbit.createPublisher({ confirm: true, maxAttempts: 2, queues: [{ queue, ...declared }] });
        publisher.on("basic.return", (message) => reports.returned(message.messageId ?? ""));
        publisher.on("retry", (error) => reports.log(error));
        closing.unshift(() => publisher.close());
        await rabbit.onConnect();
        return {
          publish(id, content, to) {
            const envelope = { routingKey: to === "queue" ? queue : "nowhere", messageId: id, durable: true, mandatory: true };
            publisher.send(envelope, content).then(
              () => reports.confirmed(id),
              (error: unknown) => reports.failed(id, error),
            );
          },
        };
      },
      async consume({ work, effect }) {
        const consumer = rabbit.createConsumer(
          { queue, queueOptions: declared, qos: { prefetchCount: prefetch }, concurrency: prefetch },
          async (message) => {
            await work(message.body as Buffer);
            effect(message.body as Buffer);
          },
        );
        consumer.on("error", (error) => reports.log(error));
        closing.push(() => consumer.close());
        await new Promise<void>((resolve) => consumer.once("ready", resolve));
      },
      async close() {
        for (const close of closing) await close();
        await rabbit.close();
      },
    };
  },
};
