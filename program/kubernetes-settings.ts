/** The configuration of a stack in Kubernetes: the cluster that is meant, and what is to be in it. */
import type * as pulumi from "@pulumi/pulumi";
import { DEFAULT_IMAGE } from "../docker/broker.js";
import type { ProdSettings } from "../k8s/settings.js";
import { FORWARD_PORT } from "../kube/ports.js";
import { prodSettingsOf } from "../kube/settings.js";
import { number, object, PORT, text, url } from "./config.js";

export interface KubernetesSettings {
  readonly kind: "kubernetes";
  /** The one context that is meant; must be the current one. */
  readonly context: string | undefined;
  readonly prod: ProdSettings;
  /** Of the management API, where whoever provisions is in the cluster or has a way into it. @default the port-forward */
  readonly endpoint: string | undefined;
  /** On 127.0.0.1: leads to the management API. */
  readonly forwardPort: number;
}

/** Throws a WarrenError (exit code 2) that names every key that is wrong. */
export function kubernetesSettings(config: pulumi.Config): KubernetesSettings {
  const [file, workerImage] = [text(config, "kubernetesFile"), text(config, "workerImage")];
  const image = text(config, "image");
  return {
    kind: "kubernetes",
    context: text(config, "kubeContext"),
    prod: prodSettingsOf({
      kubernetes: object(config, "kubernetes"),
      file,
      // The default of Pulumi.yaml is nobody's choice.
      image: image === DEFAULT_IMAGE ? undefined : image,
      workerImage,
    }),
    endpoint: url(config, "endpoint"),
    forwardPort: number(config, "forwardPort", FORWARD_PORT, PORT),
  };
}
