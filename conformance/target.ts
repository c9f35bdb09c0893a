/** What the suite is laid against: the topology's code, and a broker with what it declares to have. */
import type { Endpoint } from "../broker/index.js";
import type { Installation } from "../topology/model.js";
import type { Feature } from "./probe.js";

/** The right to take nodes down, from who runs them: a test helper, the dev stack. */
export interface Faults {
  /** As the broker names them: `rabbit@one`. */
  readonly nodes: readonly string[];
  /** Ends it at once, as a loss of power would. */
  kill(node: string): Promise<void>;
  /** Starts it again; resolves when the node has been told to. */
  start(node: string): Promise<void>;
  /** Cuts it off from the others, not from its clients. */
  partition(node: string): Promise<void>;
  heal(node: string): Promise<void>;
}

/** The right to restart the whole broker; resolves when it has been told to. */
export type Restart = () => Promise<void>;

/** What has to speak TLS, and how. */
export interface TlsTarget {
  /** `amqps://host:5671`; the certificate has to name this host. */
  readonly amqpsUrl: string;
  /** Certificate authorities, PEM. @default those of the management API's endpoint, else those of the system */
  readonly ca?: string | undefined;
  /** Older ones have to be refused, this one and newer ones accepted. @default "TLSv1.2" */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3" | undefined;
  /** Whether AMQP without TLS has to be refused. */
  readonly plainIsClosed: boolean;
  /** Where that is tried. @default port 5672 of the same host */
  readonly plainUrl?: string | undefined;
}

export interface Target {
  readonly installation: Installation;
  readonly environment?: string | undefined;
  /** An administrator's. */
  readonly management: Endpoint;
  /** Without credentials and vhost: `amqp://host:5672`. Needed by every profile that publishes. */
  readonly amqpUrl?: string | undefined;
  /** Of the Prometheus plugin: `http://host:15692/metrics`. */
  readonly metricsUrl?: string | undefined;
  readonly tls?: TlsTarget | undefined;
  /** How many nodes the cluster has to have. */
  readonly nodes?: number | undefined;
  /** By node, as `amqpUrl`: where clients go on when one of them is gone. Needed to try `faults`. */
  readonly nodeUrls?: Readonly<Record<string, string>> | undefined;
  readonly faults?: Faults | undefined;
  readonly restart?: Restart | undefined;
}

/** What a target is declared to have. */
export function featuresOf(target: Target, options: { readonly long?: boolean | undefined }): ReadonlySet<Feature> {
  const { metricsUrl, tls, nodes, faults, restart } = target;
  const has: Readonly<Record<Feature, boolean>> = {
    metrics: metricsUrl !== undefined,
    tls: tls !== undefined,
    cluster: (nodes ?? 1) > 1,
    faults: faults !== undefined,
    restart: restart !== undefined,
    long: options.long ?? false,
  };
  return new Set((Object.keys(has) as Feature[]).filter((feature) => has[feature]));
}
