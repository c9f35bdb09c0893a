/** amqp-connection-manager, with what its README offers for reliability. */
import { connect } from "amqp-connection-manager";
import type { ConfirmChannel } from "amqplib";
import type { Subject } from "../subject.js";

/** README, "Basics", "connect(urls, options)", "createChannel(options)": publishTimeout, confirm, findServers; `ChannelWrapper.consume`. */
export const amqpConnectionManager: Subject = {
  name: "amqp-connection-manager",
  module: "amqp-connection-manager",
  settings:
    "README, “connect(urls, options)” and “createChannel(options)”: `heartbeatIntervalInSeconds`, `reconnectTimeInSeconds`, `findServers`, `publishTimeout`, confirm channel (default), queue asserted in `setup`, `ChannelWrapper.consume` with prefetch (comes back by itself); `mandatory` with a `return` listener on the channel; a handler that fails is answered by `nack`; `close()` at the end",
  async open({ presentUrls, ca, queue, queueArguments, prefetch, heartbeatSeconds, reconnectMs, publishTimeoutMs }, reports) {
    const connection = connect(null, {
      findServers: async () => [...presentUrls()],
      ...{ heartbeatIntervalInSeconds: heartbeatSeconds, reconnectTimeInSeconds: reconnectMs / 1000 },
      ...(ca === undefined ? {} : { connectionOptions: { ca } }),
    });
    connection.on("disconnect", ({ err }) => reports.log(err));
    connection.on("connectFailed", ({ err }) => reports.log(err));
    const wrapper = connection.createChannel({
      publishTimeout: publishTimeoutMs,
      async setup(channel: ConfirmChannel) {
        channel.on("return", (message) => reports.returned(message.properties.messageId as string));
        await channel.assertQueue(queue, { durable: true, arguments: queueArguments });
      },
    });
    wrapper.on("error", (error) => reports.log(error));
    return {
      async publisher() {
        return {
          publish(id, content, to) {
            wrapper.sendToQueue(to === "queue" ? queue : "nowhere", content, { messageId: id, persistent: true, mandatory: true }).then(
              () => reports.confirmed(id),
              (error: unknown) => reports.failed(id, error),
            );
          },
        };
      },
      async consume({ work, effect }) {
        await wrapper.consume(
          queue,
          (message) => {
            const handle = async (): Promise<void> => {
              try {
                await work(message.content);
                effect(message.content);
              } catch (error) {
                reports.log(error);
                return wrapper.nack(message);
              }
              wrapper.ack(message);
            };
            handle().catch((error: unknown) => reports.log(error));
          },
          { prefetch },
        );
      },
      close: () => connection.close(),
    };
  },
};
