/** Two topologies on one broker, and the agent that watches both. */
import { installation, topology } from "warren";

const billing = topology({
  name: "billing",
  exchanges: { invoices: { type: "direct" } },
  queues: { "invoices.print": { type: "quorum", from: { invoices: "print" }, maxLength: 1_000, overflow: "reject-publish" } },
  messages: { invoice: { to: "invoices", key: "print" } },
  services: { accounting: { publishes: ["invoice"] }, printer: { consumes: ["invoices.print"] } },
  environments: { production: { queues: { "invoices.print": { maxLength: 100_000 } } } },
});

const audit = topology({
  name: "audit",
  exchanges: { audit: { type: "fanout" } },
  queues: { "audit.log": { type: "stream", from: { audit: "" }, maxAge: "30 days", maxLengthBytes: "1 GB" } },
  messages: { entry: { to: "audit" } },
  services: { gateway: { publishes: ["entry"] }, archive: { consumes: ["audit.log"] } },
});

export const messaging = installation({
  topologies: [billing, audit],
  users: {
    watcher: {
      tags: ["monitoring"],
      vhosts: {
        billing: { permissions: { configure: "", write: "", read: "" } },
        audit: { permissions: { configure: "", write: "", read: "" } },
      },
    },
  },
});
