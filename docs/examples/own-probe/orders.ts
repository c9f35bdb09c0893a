/** What the shop says to the warehouse. */
import { topology } from "warren";

export const orders = topology({
  name: "own-probe-orders",
  exchanges: { orders: { type: "topic" }, "orders.dlx": { type: "fanout" } },
  queues: {
    shipping: { type: "quorum", from: { orders: "order.*.paid" }, maxLength: 1000, deadLetterTo: "orders.dlx" },
    "orders.dead": { type: "quorum", from: { "orders.dlx": "" }, messageTtl: "7 days", deliveryLimit: -1 },
  },
});
