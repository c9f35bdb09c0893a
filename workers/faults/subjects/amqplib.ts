/** amqplib as its README shows it: what a team has that follows it and adds nothing but confirms. */
import { connect } from "amqplib";
import type { Subject } from "../subject.js";

/** README, "Promise/Async API example" and "Error handling in event handlers"; channel API, "Confirm channels", `mandatory`. */
export const amqplib: Subject = {
  name: "amqplib",
  module: "amqplib",
  settings:
    "README, “Promise/Async API example”, with `handler-error` listeners, a confirm channel, `persistent`, `mandatory` and a `return` listener; no recovery, no time-outs: a supervisor starts the process again when it dies",
  async open({ urls, ca, queue, queueArguments, prefetch, heartbeatSeconds }, { log }) {
    const url = `${urls[0]}?heartbeat=${heartbeatSeconds}`;
    const connection = await connect(url, ca === undefined ? {} : { ca: [Buffer.from(ca)] });
    connection.on("error", (error) => log(error));
    connection.on("handler-error", (error) => log(error));
    return {
      async publisher(reports) {
        const channel = await connection.createConfirmChannel();
        channel.on("error", (error) => log(error));
        channel.on("handler-error", (error) => log(error));
        channel.on("return", (message) => reports.returned(message.properties.messageId as string));
        await channel.assertQueue(queue, { arguments: queueArguments });
        return {
          publish(id, content, to) {
            const options = { messageId: id, persistent: true, mandatory: true };
            channel.sendToQueue(to === "queue" ? queue : "nowhere", content, options, (error) =>
              error ? reports.failed(id, error) : reports.confirmed(id),
            );
          },
        };
      },
      async consume({ work, effect }) {
        const channel = await connection.createChannel();
        channel.on("error", (error) => log(error));
        channel.on("handler-error", (error) => log(error));
        await channel.assertQueue(queue, { arguments: queueArguments });
        await channel.prefetch(prefetch);
        await channel.consume(queue, (message) => {
          if (message === null) return log("Consumer cancelled by server");
          void work(message.content).then(() => {
            effect(message.content);
            channel.ack(message);
          });
        });
      },
    };
  },
};
