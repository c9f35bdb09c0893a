/** rascal with its default configuration: confirms, mandatory, persistent. It writes and reads JSON itself, and has no direct reply-to. */
import { BrokerAsPromised, withDefaultConfig } from "rascal";
import { drive } from "../drive.js";
import type { Body } from "../task.js";

drive(async ({ url, queue, prefetch }) => {
  const vhost = decodeURIComponent(new URL(url).pathname.slice(1));
  const broker = await BrokerAsPromised.create(
    withDefaultConfig({
      vhosts: {
        [vhost]: {
          connection: url,
          queues: { [queue]: { assert: false, check: true } },
          publications: { out: { queue, confirm: true } },
          subscriptions: { in: { queue, prefetch } },
        },
      },
    }),
  );
  broker.on("error", (error) => process.stderr.write(`${String(error)}\n`));
  return {
    async publisher() {
      return (body, done) =>
        void broker.publish("out", body).then((publication) => {
          publication.on("success", () => done());
          publication.on("error", done);
        }, done);
    },
    async consume(handler) {
      const subscription = await broker.subscribe("in");
      subscription.on("error", (error) => process.stderr.write(`${String(error)}\n`));
      subscription.on("message", (_message, content, ackOrNack) => {
        handler(content as Body);
        ackOrNack();
      });
    },
  };
});
