/** What is simulated is what the prod stack configures. */
import { expect, test } from "vitest";
import { objectsOf, prod, readProdSettings } from "../k8s/index.js";
import { contextiq } from "../topology/systems/index.js";
import { SCALER } from "./scaler.js";

test("the autoscaler of the prod stack has the periods and the behavior of the simulation's", () => {
  const objects = objectsOf(prod({ topologies: [contextiq] }, readProdSettings({})));
  const [scaledObject] = objects.filter(({ kind }) => kind === "ScaledObject");
  expect(scaledObject?.["spec"]).toMatchObject({
    pollingInterval: SCALER.pollingInterval,
    cooldownPeriod: SCALER.cooldownPeriod,
    advanced: { horizontalPodAutoscalerConfig: { behavior: SCALER.behavior } },
  });
});
