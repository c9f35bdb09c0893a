/** Images of the stack's monitoring: Prometheus and Alertmanager, and Grafana where it can be had. */
import { getImages, hasImage, pullAll, type Recipe } from "./image.js";
import type { Outcome, Say } from "./steps.js";
import { versions } from "./versions.js";

const { prometheus, alertmanager, grafana, ...pins } = versions.monitoring;

const recipe: Recipe = {
  ...pins,
  what: "monitoring image",
  official: [prometheus, alertmanager],
  name: "warren/prometheus",
  folder: "prometheus-image",
  program: "Prometheus",
  script: "prometheus.sh",
  needs: [],
  settings: ["ENV PATH=/usr/bin:/bin SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt", "USER 65534:65534", "EXPOSE 9090 9093"],
};

export interface MonitoringImages {
  readonly prometheus: string;
  readonly alertmanager: string;
  /** None: it can neither be pulled nor made here. */
  readonly grafana: string | undefined;
}

/** Gives the names of images that Docker has. */
export async function getMonitoringImages(say: Say): Promise<Outcome<MonitoringImages>> {
  const { value, way, title } = await getImages(recipe, say);
  const [first = "", second = ""] = value;
  // They come from one registry: where the others had to be made, nobody waits for it once more.
  const pulled = (await hasImage(grafana)) || (first === prometheus && (await pullAll([grafana], say)) === undefined);
  return {
    value: { prometheus: first, alertmanager: second, grafana: pulled ? grafana : undefined },
    way: pulled ? way : `${way}; no Grafana, for ${grafana} cannot be pulled`,
    ...(title === undefined ? {} : { title }),
  };
}
