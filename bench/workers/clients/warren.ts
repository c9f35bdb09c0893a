/** Warren's worker, with all its guarantees: confirms, mandatory, message ids, bodies validated on both sides, manual acks. */
import { connect } from "../../../workers/index.js";
import { drive } from "../drive.js";
import { bench } from "../topology.js";

drive(async ({ role, url, prefetch, window }) => {
  if (role === "request" || role === "publish") {
    const bus = await connect(bench, { service: "sender", url, publishing: { window } });
    return {
      publisher: async () => (body, done) => void bus.publish("order", body).then(() => done(), done),
      consume: () => Promise.reject(new Error("a sender does not consume")),
      requester: async () => (body) => bus.request("question", body),
    };
  }
  const bus = await connect(bench, { service: "worker", url, prefetch, publishing: { window } });
  return {
    publisher: async () => (body, done) => void bus.publish("order", body).then(() => done(), done),
    consume: async (handler) => void (await bus.consume("work", (delivery) => handler(delivery.body))),
    answer: async (handler) => void (await bus.answer("requests", (delivery) => handler(delivery.body))),
  };
});
