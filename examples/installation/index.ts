/** Several topologies at once, with an option of one's own on every queue. */
import * as pulumi from "@pulumi/pulumi";
import { RabbitTopology } from "warren";
import { messaging } from "./messaging.js";

const config = new pulumi.Config();

const installed = new RabbitTopology("messaging", {
  topology: messaging,
  environment: pulumi.getStack(),
  broker: { endpoint: config.require("endpoint"), username: config.require("username"), password: config.requireSecret("password") },
  // A way out per kind of child: here a longer time for queues to appear.
  transform: { queue: (_args, options) => void (options.customTimeouts = { create: "10m" }) },
});

export const vhosts = installed.vhosts;
export const users = installed.users;
