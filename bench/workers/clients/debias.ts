/** DEBIAS as a task: `publish` is its API's part (events at a rate), `consume` the worker of one database whose handler waits 1 ms. */
import { setTimeout as sleep } from "node:timers/promises";
import { debias } from "../../../topology/systems/debias.js";
import { connect } from "../../../workers/index.js";
import { drive } from "../drive.js";

drive(async ({ role, url, window, concurrency }) => {
  if (role === "publish") {
    const bus = await connect(debias, { service: "event-api", url, publishing: { window } });
    return {
      publisher: async () => (body, done) =>
        void bus
          .publish("event", { user_id: body.id, product_id: 100, event_type: "view", user_session: body.text })
          .then(() => done(), done),
      consume: () => Promise.reject(new Error("the API does not consume")),
    };
  }
  const bus = await connect(debias, { service: "neo4j-worker", url });
  return {
    publisher: () => Promise.reject(new Error("the worker does not publish")),
    consume: async (handler) =>
      void (await bus.consume(
        "events.neo4j",
        async ({ body }) => {
          await sleep(1);
          handler({ id: body.user_id, text: body.user_session });
        },
        concurrency > 0 ? { concurrency } : {},
      )),
  };
});
