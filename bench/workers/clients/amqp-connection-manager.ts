/** amqp-connection-manager by its ChannelWrapper, as its README says: JSON by `json`, a confirm channel, consumers that come back. */
import { connect } from "amqp-connection-manager";
import type { ConfirmChannel, ConsumeMessage } from "amqplib";
import { drive } from "../drive.js";
import type { Body } from "../task.js";

const read = (message: ConsumeMessage): Body => JSON.parse(message.content.toString()) as Body;

drive(async ({ url, queue, prefetch }) => {
  const connection = connect([url]);
  const open = async (setup?: (channel: ConfirmChannel) => Promise<unknown>) => {
    const wrapper = connection.createChannel({ json: true, ...(setup ? { setup } : {}) });
    await wrapper.waitForConnect();
    return wrapper;
  };
  return {
    async publisher() {
      const wrapper = await open();
      return (body, done) =>
        void wrapper.sendToQueue(queue, body, { persistent: true, contentType: "application/json" }).then(() => done(), done);
    },
    async consume(handler) {
      const wrapper = await open();
      await wrapper.consume(
        queue,
        (message) => {
          handler(read(message));
          wrapper.ack(message);
        },
        { prefetch },
      );
    },
    async requester() {
      const waiting = new Map<string, (body: Body) => void>();
      let last = 0;
      const wrapper = await open();
      await wrapper.consume(
        "amq.rabbitmq.reply-to",
        (reply) => {
          const id = String(reply.properties.correlationId);
          waiting.get(id)?.(read(reply));
          waiting.delete(id);
        },
        { noAck: true },
      );
      return (body) =>
        new Promise((resolve, reject) => {
          const correlationId = String(++last);
          waiting.set(correlationId, resolve);
          wrapper
            .sendToQueue(queue, body, { correlationId, replyTo: "amq.rabbitmq.reply-to", contentType: "application/json" })
            .catch(reject);
        });
    },
    async answer(handler) {
      const wrapper = await open();
      await wrapper.consume(
        queue,
        (message) => {
          const { replyTo, correlationId } = message.properties as { replyTo: string; correlationId: string };
          void wrapper.sendToQueue(replyTo, handler(read(message)), { correlationId, contentType: "application/json" });
          wrapper.ack(message);
        },
        { prefetch },
      );
    },
  };
});
