/** The suite with a probe of one's own, against the broker that the environment names. */
import { expect, test } from "vitest";
import { conform, probes } from "warren/conformance";
import { bodyUnchanged } from "./body-unchanged.js";
import { orders } from "./orders.js";

const {
  BROKER_API = "http://127.0.0.1:15672",
  BROKER_AMQP = "amqp://127.0.0.1:5672",
  BROKER_USER = "",
  BROKER_PASSWORD = "",
} = process.env;

test("the broker does what the topology promises", { timeout: 300_000 }, async () => {
  const report = await conform(
    {
      installation: { topologies: [orders] },
      management: { endpoint: BROKER_API, username: BROKER_USER, password: BROKER_PASSWORD },
      amqpUrl: BROKER_AMQP,
    },
    { profile: "probe", probes: [...probes, bodyUnchanged] },
  );
  const broken = report.probes.flatMap(({ name, cases }) =>
    cases.filter(({ result }) => result === "failure").map(({ name: what, message }) => `${name}, ${what}: ${message}`),
  );
  expect(broken).toEqual([]);
  expect(report.probes.find(({ name }) => name === "body-unchanged")?.result).toBe("success");
});
