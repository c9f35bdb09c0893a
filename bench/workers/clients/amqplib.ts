/** amqplib as its README and its channel reference show it: nothing added but confirms, prefetch and an ack for each message. */
import { connect } from "amqplib";
import { drive } from "../drive.js";
import type { Body } from "../task.js";

const read = (content: Buffer): Body => JSON.parse(content.toString()) as Body;
const write = (body: Body): Buffer => Buffer.from(JSON.stringify(body));

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
      const channel = await connection.createChannel();
      const waiting = new Map<string, (body: Body) => void>();
      let last = 0;
      await channel.consume(
        "amq.rabbitmq.reply-to",
        (reply) => {
          if (!reply) return;
          const id = String(reply.properties.correlationId);
          waiting.get(id)?.(read(reply.content));
          waiting.delete(id);
        },
        { noAck: true },
      );
      return (body) =>
        new Promise((resolve) => {
          const correlationId = String(++last);
          waiting.set(correlationId, resolve);
          channel.sendToQueue(queue, write(body), { correlationId, replyTo: "amq.rabbitmq.reply-to", contentType: "application/json" });
        });
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
