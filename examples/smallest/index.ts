/** The smallest program: a topology on a broker that is there. */
import * as pulumi from "@pulumi/pulumi";
import { RabbitTopology } from "warren";
import { orders } from "./orders";

const config = new pulumi.Config();

const messaging = new RabbitTopology("messaging", {
  topology: orders,
  broker: { endpoint: config.require("endpoint"), username: config.require("username"), password: config.requireSecret("password") },
});

export const users = messaging.users;
export const passwords = messaging.passwords;
