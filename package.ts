/** The package `warren`: everything that a program may import. Importing it runs nothing. */
export * from "./topology/index.js";
export * from "./provision/index.js";
export { Broker, type DockerBrokerArgs } from "./docker/broker.js";
