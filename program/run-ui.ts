/** The live page beside the dev broker, of what is provisioned, if the configuration switches it on. */
import * as pulumi from "@pulumi/pulumi";
import { topologyScript } from "../docker/monitoring-files.js";
import { uiWords } from "../docker/ui-files.js";
import { registerUi } from "../docker/ui.js";
import type { Provisioned } from "../provision/topology.js";
import { WarrenError } from "../topology/errors.js";
import type { Installation } from "../topology/model.js";
import { localSecret } from "./local-secrets.js";
import type { OpenBroker } from "./open-broker.js";
import type { Settings } from "./settings.js";

/** The checkout's secret that the page asks for; without the file a new one is made. */
export const UI_TOKEN = "ui-token";

export interface UiOutputs {
  /** Without the token. */
  readonly page: string;
  /** With it, and so a secret. */
  readonly uiUrl: pulumi.Output<string>;
}

/** Throws a WarrenError (exit code 2) if there is no image for it. */
export function runUi(
  settings: Settings,
  broker: OpenBroker,
  installation: Installation,
  topology: Provisioned,
  directory: string,
): UiOutputs | undefined {
  const { broker: chosen, environment } = settings;
  const { inDocker } = broker;
  if (chosen.kind !== "docker" || !inDocker || chosen.uiPort === undefined) return undefined;
  const { workerImage, listeners, monitoring, uiPort: port } = chosen;
  if (workerImage === undefined)
    throw new WarrenError("warren:ui is on, and warren:workerImage names no image, in which the page's server is.", {
      remedy: "npm run worker-image builds one: pulumi config set warren:workerImage NAME; npm run up does both",
      exitCode: 2,
    });
  const stack = pulumi.getStack();
  const token = localSecret(directory, UI_TOKEN);
  registerUi(
    {
      ...{ prefix: `${pulumi.getProject()}-${stack}`, stack, network: inDocker.network, image: workerImage, port, token },
      words: uiWords(listeners, monitoring !== undefined),
      topology: topologyScript(installation, environment),
      user: broker.administrator,
      password: broker.args.password,
      ca: broker.authority,
    },
    { dependsOn: [topology] },
  );
  const page = `http://127.0.0.1:${port}`;
  return { page, uiUrl: pulumi.secret(`${page}/#token=${token}`) };
}
