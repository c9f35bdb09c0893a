/** What the shop says to the warehouse. */
import { topology } from "warren";
import { z } from "zod";

export const orders = topology({
  name: "orders",
  exchanges: { orders: { type: "topic" }, "orders.dlx": { type: "fanout" } },
  queues: {
    shipping: {
      type: "quorum",
      from: { orders: "order.*.paid" },
      maxLength: 100_000,
      deadLetterTo: "orders.dlx",
      retry: ["5 seconds", "1 minute"],
    },
    "orders.dead": { type: "quorum", from: { "orders.dlx": "" }, messageTtl: "7 days", deliveryLimit: -1 },
  },
  messages: { paid: { to: "orders", key: "order.{country}.paid", schema: z.object({ id: z.string() }) } },
  services: { shop: { publishes: ["paid"] }, warehouse: { consumes: ["shipping"] } },
});
