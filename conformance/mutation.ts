/** How a probe is shown to be able to fail: the broker is changed behind the topology's back, and the probe has to say so. */
import type { Topology, Vhost } from "../topology/model.js";
import type { Target } from "./target.js";
import type { Management } from "../broker/index.js";
import type { TestCluster } from "../testing/cluster.js";
import type { TlsBroker } from "../testing/tls-broker.js";

/** What a mutation may use to change the broker. */
export interface Mutable {
  readonly management: Management;
  readonly vhost: string;
  readonly target: Target;
  /** For a mutation that asks for it: the container that the broker runs in. Throws for others. */
  readonly container: () => TlsBroker;
}

export interface Mutation {
  /** The probe that has to fail. */
  readonly probe: string;
  /** What is changed: `a binding is removed`. */
  readonly name: string;
  /** What is on the broker and in the code before the change. Its vhost is given by the test. */
  readonly topology: Omit<Topology, "name" | "vhost"> & { readonly vhost?: Omit<Vhost, "name"> };
  readonly change: (broker: Mutable) => Promise<unknown>;
  /** What the probe has to say; names the object and the difference. */
  readonly says: RegExp;
  /** What the target declares besides, where the probe needs it. */
  readonly target?: (broker: Mutable) => Partial<Target>;
  /** Whether the probe runs only with time: waits are not cut short. @default false */
  readonly long?: boolean;
  /** Whether it needs a broker in a container of its own, with TLS and metrics, for a shared one must not suffer it. @default false */
  readonly container?: boolean;
  /** Takes back what removing vhost and users does not; called whatever came of it. */
  readonly undo?: (broker: Mutable) => Promise<unknown>;
}

/** A mutation of a cluster of three nodes, on which one topology stands for all of them. */
export interface ClusterMutation extends Pick<Mutation, "probe" | "name" | "says"> {
  readonly change: (broker: Pick<Mutable, "management" | "vhost"> & { readonly cluster: TestCluster }) => Promise<unknown>;
}
