// Passwords of later generations, for whoever has a user: with a Secret, or deployed by others.
import * as pulumi from "@pulumi/pulumi";
import { beforeEach, expect, it } from "vitest";
import { prod } from "../k8s/prod.js";
import { readProdSettings } from "../k8s/settings.js";
import { contextiq } from "../topology/systems/contextiq.js";
import { generationPasswords } from "./kubernetes-secrets.js";

let made: string[] = [];
beforeEach(async () => {
  made = [];
  await pulumi.runtime.setMocks({
    newResource: ({ name }) => {
      made.push(name);
      return { id: name, state: { password: `of ${name}` } };
    },
    call: () => ({}),
  });
});

const users = (generation: number): string[] => {
  const each = { generation };
  // In turn: deployed by the stack, by others beside it, by others elsewhere; one that only publishes.
  const services = {
    contextiq: {
      webhook: each,
      analytics: { ...each, deploy: false },
      logging: { ...each, deploy: false, pods: { namespace: "apps" } },
      "sessions-api": each,
    },
  };
  const settings = readProdSettings({ services, autoscaling: each, monitoring: { exporterGeneration: generation } });
  return Object.keys(generationPasswords(prod({ topologies: [contextiq] }, settings, { environment: "prod" })));
};
const own = ["warren-autoscaler", "warren-exporter"];
const named = ["analytics", "logging", "sessions-api", "webhook"].map((name) => `contextiq.${name}`);

it("each generation but the first has one of its own, once, whoever deploys the service", async () => {
  expect(users(1)).toEqual([]);
  expect(users(2).toSorted()).toEqual([...named, ...own].map((user) => `${user}.2`).toSorted());
  // The user that comes back has another password than it had.
  expect(users(3).toSorted()).toEqual([...named, ...own].flatMap((user) => [user, `${user}.2`]).toSorted());
  await (pulumi.runtime as unknown as { waitForRPCs: () => Promise<void> }).waitForRPCs();
  const count = named.length + own.length;
  expect([made.length, new Set(made).size]).toEqual([3 * count, 2 * count]);
});
