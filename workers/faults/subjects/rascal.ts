/** rascal, with its default configuration, which its README calls optimised for reliability. */
import { BrokerAsPromised, withDefaultConfig } from "rascal";
import type { Subject } from "../subject.js";

/** README, "Very Important Section About Event Handling", "Configuration", "Timeouts", "Publications", "Message Acknowledgement and Recovery Strategies", "Shutdown". */
export const rascal: Subject = {
  name: "rascal",
  module: "rascal",
  settings:
    'README, `withDefaultConfig`: confirm, `persistent`, `mandatory`, publication `timeout`, connection and subscription `retry` (exponential); all error events handled, “success”, “error” and “return” of each publication; `ackOrNack(err, [{ strategy: "nack", defer: 100, requeue: true }])` when a handler fails; `shutdown()` at the end',
  async open(settings, reports) {
    const { urls, ca, queue, queueArguments, prefetch, heartbeatSeconds, reconnectMs, reconnectMaxMs, publishTimeoutMs } = settings;
    const vhost = decodeURIComponent(new URL(urls[0] ?? "").pathname.slice(1));
    const retry = { min: reconnectMs, max: reconnectMaxMs, factor: 2, strategy: "exponential" as const };
    const broker = await BrokerAsPromised.create(
      withDefaultConfig({
        vhosts: {
          [vhost]: {
            connections: urls.map((url) => ({
              url: `${url}?heartbeat=${heartbeatSeconds}`,
              retry,
              ...(ca === undefined ? {} : { socketOptions: { ca: [Buffer.from(ca)] } }),
            })),
            queues: { [queue]: { options: { arguments: queueArguments } } },
            publications: {
              to_queue: { queue, confirm: true, timeout: publishTimeoutMs },
              to_nowhere: { exchange: "", routingKey: "nowhere", confirm: true, timeout: publishTimeoutMs },
            },
            exchanges: { "": { assert: false } },
            subscriptions: { from_queue: { queue, prefetch, retry } },
          },
        },
      }),
    );
    broker.on("error", (error) => reports.log(error));
    return {
      async publisher() {
        return {
          publish(id, content, to) {
            const send = async (): Promise<void> => {
              const publication = await broker.publish(`to_${to}`, content, { options: { messageId: id } });
              publication.on("success", () => reports.confirmed(id));
              publication.on("error", (error) => reports.failed(id, error));
              publication.on("return", () => reports.returned(id));
            };
            send().catch((error: unknown) => reports.failed(id, error));
          },
        };
      },
      async consume({ work, effect }) {
        const subscription = await broker.subscribe("from_queue");
        subscription.on("error", (error) => reports.log(error));
        subscription.on("cancel", (error) => reports.log(error));
        subscription.on("message", (message, _, ackOrNack) => {
          const handle = async (): Promise<void> => {
            try {
              await work(message.content);
              effect(message.content);
            } catch (error) {
              return ackOrNack(error instanceof Error ? error : new Error(String(error)), [
                { strategy: "nack", defer: 100, requeue: true },
              ]);
            }
            ackOrNack();
          };
          handle().catch((error: unknown) => reports.log(error));
        });
      },
      close: () => broker.shutdown(),
    };
  },
};
