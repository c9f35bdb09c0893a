/** amqplib by a hand that knows it: no Nagle delay, one system call for what a turn writes, acks of a turn in one frame. No validation, no ids, no returns. */
import { connect, type Channel, type ConsumeMessage } from "amqplib";
import { corkByTurn, socketOf } from "../../../workers/connection/cork.js";
import { drive } from "../drive.js";
import { asker, read, write } from "./direct-reply.js";

const ROOM = { highWaterMark: 4096 };
/** Node's socket knows the second, amqplib's types do not. */
const SOCKET = { noDelay: true, writableHighWaterMark: 256 * 1024 } as const;

/** The last message of a turn is acknowledged with all before it. */
function ackByTurn(channel: Channel): (message: ConsumeMessage) => void {
  let last: ConsumeMessage | undefined;
  return (message) => {
    if (!last)
      setImmediate(() => {
        if (last) channel.ack(last, true);
        last = undefined;
      });
    last = message;
  };
}

drive(async ({ url, queue, prefetch }) => {
  const connection = await connect(url, SOCKET);
  corkByTurn(socketOf(connection));
  return {
    async publisher() {
      const channel = await connection.createConfirmChannel(ROOM);
      const options = { persistent: true, contentType: "application/json" };
      return (body, done) => void channel.publish("", queue, write(body), options, (error: unknown) => done(error));
    },
    async consume(handler) {
      const channel = await connection.createChannel(ROOM);
      await channel.prefetch(prefetch);
      const ack = ackByTurn(channel);
      await channel.consume(queue, (message) => {
        if (!message) return;
        handler(read(message.content));
        ack(message);
      });
    },
    async requester() {
      return asker(await connection.createChannel(ROOM), queue);
    },
    async answer(handler) {
      const channel = await connection.createChannel(ROOM);
      await channel.prefetch(prefetch);
      const ack = ackByTurn(channel);
      await channel.consume(queue, (message) => {
        if (!message) return;
        const { replyTo, correlationId } = message.properties as { replyTo: string; correlationId: string };
        channel.publish("", replyTo, write(handler(read(message.content))), { correlationId, contentType: "application/json" });
        ack(message);
      });
    },
  };
});
