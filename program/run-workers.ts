/** The services beside the dev broker, if the configuration switches them on. */
import * as pulumi from "@pulumi/pulumi";
import { registerWorkers, type WorkerTarget } from "../docker/workers.js";
import { components } from "../provision/components.js";
import { guardConsumers } from "../provision/guard-consumers.js";
import type { Provisioned } from "../provision/topology.js";
import { forEnvironment } from "../topology/environments.js";
import { WarrenError } from "../topology/errors.js";
import type { Installation } from "../topology/model.js";
import type { OpenBroker } from "./open-broker.js";
import type { Settings } from "./settings.js";
import { workerFile } from "./worker-files.js";

/** Throws a WarrenError (exit code 2) if there is no image for them. */
export function runWorkers(settings: Settings, broker: OpenBroker, { topologies }: Installation, topology: Provisioned): WorkerTarget[] {
  const { broker: chosen } = settings;
  const { inDocker } = broker;
  if (chosen.kind !== "docker" || !inDocker || (chosen.workers === 0 && chosen.load === 0)) return [];
  if (chosen.workerImage === undefined)
    throw new WarrenError("warren:workers or warren:load is on, and warren:workerImage names no image.", {
      remedy: "npm run worker-image builds one: pulumi config set warren:workerImage NAME; npm run up does both",
      exitCode: 2,
    });
  const stack = pulumi.getStack();
  const { targets, containers } = registerWorkers(
    {
      ...{ prefix: `${pulumi.getProject()}-${stack}`, stack, image: chosen.workerImage, network: inDocker.network },
      topologies: topologies.map((each) => forEnvironment(each, settings.environment)),
      ...{ passwords: topology.passwords, urls: inDocker.insideUrls, ca: broker.ca, replicas: chosen.workers, load: chosen.load },
      file: (variable) => workerFile(process.cwd(), variable),
    },
    { dependsOn: [topology] },
  );
  const vhosts = containers.length === 0 ? [] : components().flatMap((component) => component.vhosts);
  const first = chosen.load > 0 ? "stop what publishes (npm run up -- --no-load); then " : "";
  guardConsumers({ vhosts, resources: [topology, ...containers], first });
  return targets;
}
