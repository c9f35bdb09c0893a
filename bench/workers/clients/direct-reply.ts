/** Requests over direct reply-to by plain amqplib: both of its clients ask in this way. */
import type { Channel } from "amqplib";
import type { Body } from "../task.js";

const REPLY_TO = "amq.rabbitmq.reply-to";

export const read = (content: Buffer): Body => JSON.parse(content.toString()) as Body;
export const write = (body: Body): Buffer => Buffer.from(JSON.stringify(body));

export async function asker(channel: Channel, queue: string): Promise<(body: Body) => Promise<Body>> {
  const waiting = new Map<string, (body: Body) => void>();
  let last = 0;
  await channel.consume(
    REPLY_TO,
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
      channel.sendToQueue(queue, write(body), { correlationId, replyTo: REPLY_TO, contentType: "application/json" });
    });
}
