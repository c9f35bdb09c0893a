/** The live page beside the dev broker, as a container: `warren ui` of the worker's image. */
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { labelsOf, LOGS } from "./node.js";
import { UI, UI_FILES, UI_PORT, uiEnvironment } from "./ui-files.js";

export interface UiArgs {
  /** Begins the names of everything in Docker: `warren-dev`. */
  readonly prefix: string;
  /** Value of the label `warren.stack`. */
  readonly stack: string;
  readonly network: docker.Network;
  /** The worker's. */
  readonly image: string;
  /** On 127.0.0.1. */
  readonly port: number;
  readonly words: readonly string[];
  /** The script that holds it. */
  readonly topology: string;
  /** The administrator: only such a user may export what drift is told from. */
  readonly user: string;
  readonly password: pulumi.Input<string>;
  /** What the page asks for. */
  readonly token: pulumi.Input<string>;
  /** The authority of the broker's certificates, PEM. */
  readonly ca?: string | undefined;
}

const SECRETS_MODE = "0444";
const MEMORY_MB = 192;

export function registerUi({ ca, ...args }: UiArgs, options: pulumi.CustomResourceOptions): docker.Container {
  const image = new docker.RemoteImage("ui-image", { name: args.image, keepLocally: true }, options);
  return new docker.Container(
    UI,
    {
      name: `${args.prefix}-${UI}`,
      image: image.imageId,
      command: [...args.words],
      envs: uiEnvironment(args.user, ca !== undefined),
      uploads: [
        { file: UI_FILES.topology, content: args.topology },
        { file: UI_FILES.password, content: pulumi.secret(args.password), permissions: SECRETS_MODE },
        { file: UI_FILES.token, content: pulumi.secret(args.token), permissions: SECRETS_MODE },
        ...(ca === undefined ? [] : [{ file: UI_FILES.ca, content: ca }]),
      ],
      ports: [{ internal: UI_PORT, external: args.port, ip: "127.0.0.1" }],
      networksAdvanced: [{ name: args.network.name, aliases: [UI] }],
      healthcheck: {
        tests: ["CMD", "/nodejs/bin/node", "/app/health.cjs"],
        ...{ interval: "15s", timeout: "10s", startPeriod: "30s", retries: 4 },
      },
      memory: MEMORY_MB,
      memorySwap: 2 * MEMORY_MB,
      // Without its broker it ends at the start, and tries again.
      restart: "unless-stopped",
      mustRun: true,
      destroyGraceSeconds: 15,
      labels: labelsOf(args.stack),
      ...LOGS,
    },
    { ...options, deleteBeforeReplace: true },
  );
}
