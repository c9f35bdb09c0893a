/** amqplib with its recovery and by a careful hand: errors caught, failures rejected, time-outs of its own. */
import { connect, type ChannelModel, type ConfirmChannel } from "amqplib";
import type { Publisher, Subject } from "../subject.js";

/** README, "Opt-in recovery" and "Error handling in event handlers". */
export const amqplibRecovery: Subject = {
  name: "amqplib, recovery",
  module: "amqplib",
  settings:
    "README, “Opt-in recovery”: channels and consumers are made in `setup`; confirm channel, `persistent`, `mandatory` and a `return` listener; a handler that fails is answered by `reject` with requeue; closed by `close()`",
  async open({ urls, ca, queue, queueArguments, prefetch, heartbeatSeconds, reconnectMs, reconnectMaxMs }, reports) {
    const setups: ((model: Pick<ChannelModel, "createConfirmChannel">) => Promise<void>)[] = [];
    const connection = await connect(`${urls[0]}?heartbeat=${heartbeatSeconds}`, {
      ...(ca === undefined ? {} : { ca: [Buffer.from(ca)] }),
      recovery: {
        ...{ initialDelay: reconnectMs, maxDelay: reconnectMaxMs, factor: 2, jitter: 0.2, maxRetries: Infinity },
        async setup(model: ChannelModel) {
          for (const setup of setups) await setup(model);
        },
      },
    });
    connection.on("error", (error) => reports.log(error));
    connection.on("disconnect", (error) => reports.log(error));
    /** Runs now and after every time that the connection comes back. */
    const always = async (setup: (channel: ConfirmChannel) => Promise<void>): Promise<void> => {
      const run = async (model: Pick<ChannelModel, "createConfirmChannel">): Promise<void> => {
        const channel = await model.createConfirmChannel();
        channel.on("error", (error) => reports.log(error));
        channel.on("handler-error", (error) => reports.log(error));
        await channel.assertQueue(queue, { arguments: queueArguments });
        await setup(channel);
      };
      setups.push(run);
      await run(connection);
    };
    return {
      async publisher() {
        let current: ConfirmChannel | undefined;
        await always(async (channel) => {
          channel.on("return", (message) => reports.returned(message.properties.messageId as string));
          current = channel;
        });
        return {
          publish(id, content, to) {
            try {
              const options = { messageId: id, persistent: true, mandatory: true };
              current?.sendToQueue(to === "queue" ? queue : "nowhere", content, options, (error) =>
                error ? reports.failed(id, error) : reports.confirmed(id),
              );
            } catch (error) {
              reports.failed(id, error);
            }
          },
        } satisfies Publisher;
      },
      async consume({ work, effect }) {
        await always(async (channel) => {
          await channel.prefetch(prefetch);
          await channel.consume(queue, (message) => {
            if (message === null) return reports.log("Consumer cancelled by server");
            const handle = async (): Promise<void> => {
              try {
                await work(message.content);
                effect(message.content);
              } catch (error) {
                reports.log(error);
                return channel.reject(message, true);
              }
              channel.ack(message);
            };
            // An acknowledgement on a channel that was closed meanwhile throws.
            handle().catch((error: unknown) => reports.log(error));
          });
        });
      },
      close: () => connection.close(),
    };
  },
};
