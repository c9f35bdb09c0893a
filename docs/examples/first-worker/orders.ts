import { topology } from "warren/topology";
import { z } from "zod";

export const orders = topology({
  name: "orders",
  queues: { billing: { type: "quorum", maxLength: 100_000 } },
  messages: { order: { to: { queue: "billing" }, schema: z.object({ id: z.int(), amount: z.number() }) } },
  services: { shop: { publishes: ["order"], consumes: ["billing"] } },
});
