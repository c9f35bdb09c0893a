/** What is said of a name that no vhost has. */
import { expect, test } from "vitest";
import { vhostOf } from "./amqp-target.js";

test("a name that several vhosts have is allowed once", () => {
  const all = [
    { name: "amq.topic", vhost: "/" },
    { name: "amq.topic", vhost: "shop" },
  ];
  expect(() => vhostOf("exchange", "nowhere", undefined, all)).toThrow(/^There is no exchange "nowhere"\.\n {2}allowed: amq\.topic(\n|$)/);
});
