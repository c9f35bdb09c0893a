// Definitions that RabbitMQ exported, provisioned as they are. Plain JavaScript: what is wrong in them is found by the check.
"use strict";
const pulumi = require("@pulumi/pulumi");
const { RabbitTopology } = require("warren");

const config = new pulumi.Config();

const messaging = new RabbitTopology("messaging", {
  topology: require("./definitions.json"),
  broker: { endpoint: config.require("endpoint"), username: config.require("username"), password: config.requireSecret("password") },
});

exports.vhosts = messaging.vhosts;
