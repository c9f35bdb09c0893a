/** amqplib as its README and its channel reference show it: nothing added but confirms, prefetch and an ack for each message. */
import { connect } from "amqplib";
import { drive } from "../drive.js";
import { asker, read, write } from "./direct-reply.js";

drive(async ({ url, queue, prefetch }) => {
  const connection = await connect(url);
  return {
    async publisher() {
      const channel = await connection.createConfirmChannel();
      return (body, done) =>
        void channel.sendToQueue(queue, write(body), { persistent: true, contentType: "application/json" }, (error: unknown) =>
          done(error),
        );
    },
    async consume(handler) {
      const channel = await connection.createChannel();
      await channel.prefetch(prefetch);
      await channel.consume(queue, (message) => {
        if (!message) return;
        handler(read(message.content));
        channel.ack(message);
      });
    },
    async requester() {
      return asker(await connection.createChannel(), queue);
    },
    async answer(handler) {
      const channel = await connection.createChannel();
      await channel.prefetch(prefetch);
      await channel.consume(queue, (message) => {
        if (!message) return;
        const { replyTo, correlationId } = message.properties as { replyTo: string; correlationId: string };
        channel.sendToQueue(replyTo, write(handler(read(message.content))), { correlationId, contentType: "application/json" });
        channel.ack(message);
      });
    },
  };
});
