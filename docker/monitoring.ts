/** The monitoring beside the dev broker: Prometheus, Alertmanager and the exporter as containers, and Grafana where there is an image of it. */
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import {
  ALERTMANAGER,
  EXPORTER,
  EXPORTER_FILES,
  EXPORTER_PORT,
  GRAFANA,
  grafanaFiles,
  MONITORING_PORTS,
  PROMETHEUS,
  type MonitoringPorts,
} from "./monitoring-files.js";
import { labelsOf, LOGS } from "./node.js";

export const DEFAULT_MONITORING_IMAGES = { prometheus: "prom/prometheus:v3.5.0", alertmanager: "prom/alertmanager:v0.28.1" } as const;

export interface MonitoringArgs {
  /** Begins the names of everything in Docker: `warren-dev`. */
  readonly prefix: string;
  /** Value of the label `warren.stack`. */
  readonly stack: string;
  readonly network: docker.Network;
  readonly images: {
    readonly prometheus: string;
    readonly alertmanager: string;
    readonly worker: string;
    readonly grafana?: string | undefined;
  };
  /** On 127.0.0.1. */
  readonly ports: MonitoringPorts;
  /** `prometheus.yml` and the rules, by name, as they lie beside each other. */
  readonly files: Readonly<Record<string, string>>;
  /** Grafana's, by file name. */
  readonly dashboards: Readonly<Record<string, string>>;
  /** `alertmanager.yml`. */
  readonly alertmanager: pulumi.Input<string>;
  readonly exporter: {
    readonly words: readonly string[];
    /** The script that holds it. */
    readonly topology: string;
    /** The administrator. */
    readonly user: string;
    readonly password: pulumi.Input<string>;
    /** The authority of the broker's certificates, PEM. */
    readonly ca?: string | undefined;
    /** What has to be there before it looks. */
    readonly after: readonly pulumi.Resource[];
  };
}

/** Its own needs beside what all have. */
interface Part {
  readonly image: string;
  readonly entrypoint?: string;
  readonly words: readonly string[];
  readonly uploads: readonly docker.types.input.ContainerUpload[];
  readonly health: readonly string[];
  readonly memoryMb: number;
  /** Where its data is. */
  readonly data?: string;
  readonly port?: { readonly inside: number; readonly outside: number };
  readonly envs?: readonly string[];
  readonly after?: readonly pulumi.Resource[];
}

/** Its containers, by the names that they have in the network; each ends the names of its container and its volume. */
export const MONITORING_CONTAINERS = [PROMETHEUS, ALERTMANAGER, EXPORTER, GRAFANA] as const;

const SECRETS_MODE = "0444";
const local = (port: number): string => `http://127.0.0.1:${port}`;

/** A change of its files replaces a container within seconds; what Prometheus and Alertmanager know is in volumes, and stays. */
export class Monitoring extends pulumi.ComponentResource {
  readonly prometheusUrl: string;
  readonly alertmanagerUrl: string;
  /** None: there is no image of it. */
  readonly grafanaUrl: string | undefined;

  constructor(name: string, args: MonitoringArgs, options: pulumi.ComponentResourceOptions = {}) {
    super("warren:docker:Monitoring", name, {}, options);
    const { images, ports } = args;
    this.prometheusUrl = local(ports.prometheus);
    this.alertmanagerUrl = local(ports.alertmanager);
    this.grafanaUrl = images.grafana === undefined ? undefined : local(ports.grafana);
    this.#add(args, ALERTMANAGER, alertmanagerPart(args));
    this.#add(args, PROMETHEUS, prometheusPart(args));
    this.#add(args, EXPORTER, exporterPart(args));
    if (images.grafana !== undefined) this.#add(args, GRAFANA, grafanaPart(args, images.grafana));
    this.registerOutputs({ prometheusUrl: this.prometheusUrl, alertmanagerUrl: this.alertmanagerUrl });
  }

  #add({ prefix, stack, network }: MonitoringArgs, name: string, part: Part): void {
    const labels = labelsOf(stack);
    const image = new docker.RemoteImage(`${name}-image`, { name: part.image, keepLocally: true }, { parent: this });
    const volume =
      part.data === undefined ? undefined : new docker.Volume(`${name}-data`, { name: `${prefix}-${name}`, labels }, { parent: this });
    new docker.Container(
      name,
      {
        name: `${prefix}-${name}`,
        image: image.imageId,
        ...(part.entrypoint === undefined ? {} : { entrypoints: [part.entrypoint] }),
        command: [...part.words],
        envs: [...(part.envs ?? [])],
        uploads: [...part.uploads],
        ...(volume && part.data !== undefined ? { volumes: [{ volumeName: volume.name, containerPath: part.data }] } : {}),
        ...(part.port ? { ports: [{ internal: part.port.inside, external: part.port.outside, ip: "127.0.0.1" }] } : {}),
        networksAdvanced: [{ name: network.name, aliases: [name] }],
        healthcheck: { tests: ["CMD", ...part.health], interval: "15s", timeout: "10s", startPeriod: "30s", retries: 4 },
        memory: part.memoryMb,
        memorySwap: 2 * part.memoryMb,
        restart: "unless-stopped",
        mustRun: true,
        destroyGraceSeconds: 15,
        labels,
        ...LOGS,
      },
      { parent: this, deleteBeforeReplace: true, dependsOn: [...(part.after ?? [])] },
    );
  }
}

function prometheusPart({ images, ports, files }: MonitoringArgs): Part {
  const inside = MONITORING_PORTS.prometheus;
  return {
    image: images.prometheus,
    entrypoint: "/bin/prometheus",
    words: [
      "--config.file=/etc/prometheus/prometheus.yml",
      "--storage.tsdb.path=/prometheus",
      "--storage.tsdb.retention.time=15d",
      "--storage.tsdb.retention.size=2GB",
      `--web.external-url=${local(ports.prometheus)}`,
    ],
    uploads: Object.entries(files).map(([name, content]) => ({ file: `/etc/prometheus/${name}`, content })),
    health: ["promtool", "check", "healthy", `--url=${local(inside)}`],
    memoryMb: 512,
    data: "/prometheus",
    port: { inside, outside: ports.prometheus },
  };
}

function alertmanagerPart({ images, ports, alertmanager }: MonitoringArgs): Part {
  const inside = MONITORING_PORTS.alertmanager;
  return {
    image: images.alertmanager,
    entrypoint: "/bin/alertmanager",
    words: [
      "--config.file=/etc/alertmanager/alertmanager.yml",
      "--storage.path=/alertmanager",
      // One alone: it looks for no others.
      "--cluster.listen-address=",
      `--web.external-url=${local(ports.alertmanager)}`,
    ],
    uploads: [{ file: "/etc/alertmanager/alertmanager.yml", content: alertmanager }],
    health: ["amtool", "config", "show", `--alertmanager.url=${local(inside)}`],
    memoryMb: 128,
    data: "/alertmanager",
    port: { inside, outside: ports.alertmanager },
  };
}

function exporterPart({ images, exporter: { words, topology, user, password, ca, after } }: MonitoringArgs): Part {
  return {
    image: images.worker,
    words,
    envs: [
      `WARREN_BROKER_USERNAME=${user}`,
      // A file: the environment of a container can be read by everybody who may ask Docker.
      `WARREN_BROKER_PASSWORD_FILE=${EXPORTER_FILES.password}`,
      ...(ca === undefined ? [] : [`WARREN_BROKER_CA_FILE=${EXPORTER_FILES.ca}`]),
      // For the image's health check.
      `WARREN_HTTP_PORT=${EXPORTER_PORT}`,
    ],
    uploads: [
      { file: EXPORTER_FILES.topology, content: topology },
      { file: EXPORTER_FILES.password, content: pulumi.secret(password), permissions: SECRETS_MODE },
      ...(ca === undefined ? [] : [{ file: EXPORTER_FILES.ca, content: ca }]),
    ],
    health: ["/nodejs/bin/node", "/app/health.cjs"],
    memoryMb: 192,
    after,
  };
}

/** Whoever reaches its port on this machine may look; nobody can log in. */
function grafanaPart({ ports, dashboards }: MonitoringArgs, image: string): Part {
  const inside = MONITORING_PORTS.grafana;
  return {
    image,
    words: [],
    envs: [
      "GF_AUTH_ANONYMOUS_ENABLED=true",
      "GF_AUTH_DISABLE_LOGIN_FORM=true",
      "GF_ANALYTICS_REPORTING_ENABLED=false",
      "GF_ANALYTICS_CHECK_FOR_UPDATES=false",
      `GF_SERVER_ROOT_URL=${local(ports.grafana)}`,
    ],
    uploads: Object.entries(grafanaFiles(dashboards)).map(([file, content]) => ({ file, content })),
    health: ["wget", "--quiet", "--output-document=-", `${local(inside)}/api/health`],
    memoryMb: 512,
    port: { inside, outside: ports.grafana },
  };
}
