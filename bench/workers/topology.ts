/** What Warren's client needs to know: one queue, its message, and a request to it. */
import { z } from "zod";
import { topology } from "../../topology/define.js";

const body = z.object({ id: z.int(), text: z.string() });

export const bench = topology({
  name: "bench",
  queues: { work: { type: "quorum" }, requests: { type: "classic" } },
  messages: {
    order: { to: { queue: "work" }, schema: body },
    question: { to: { queue: "requests" }, schema: body, reply: body },
  },
  services: {
    sender: { publishes: ["order", "question"] },
    worker: { publishes: ["order"], consumes: ["work", "requests"] },
  },
});
