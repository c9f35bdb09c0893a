/** The Secrets and ConfigMaps that have to be there beside the objects, by name: whoever knows the values makes them. Pure. */
import { WORKER_FILES, type WorkerFile } from "../workers/reference/jobs.js";
import { AUTOSCALER_USER, autoscalerSecret, CA_CONFIG_MAP, CA_KEY, EXPORTER_USER, exporterSecret, serviceSecret } from "./names.js";
import { namespaceNames } from "./namespaces.js";
import { asksForDepth, type ServicePart } from "./services.js";
import type { ProdSettings } from "./settings.js";
import { generationsOf, type Generation } from "./users.js";
import { loadServices } from "./workers.js";

/** Keys `username` and `password`, and one for each file. */
export interface SecretNeed extends Generation {
  readonly name: string;
  readonly namespace: string;
  /** Further keys, and what each holds. */
  readonly files: readonly { readonly key: string; readonly file: WorkerFile }[];
}

export interface AuthorityNeed {
  readonly name: string;
  readonly namespace: string;
  /** Its one key: the certificates of the authorities, PEM. */
  readonly key: string;
}

/** Pods that still run, and a rollout that is taken back, need the one before. */
const inGenerations = (user: string, generation: number, rest: (generation: number) => Omit<SecretNeed, keyof Generation>): SecretNeed[] =>
  generationsOf(user, generation).map((each) => ({ ...rest(each.generation), ...each }));

export function secretsOf(parts: readonly ServicePart[], settings: ProdSettings): SecretNeed[] {
  const { namespaces, autoscaling, monitoring } = settings;
  const loads = loadServices(parts, settings);
  const isLoaded = ({ topology, service }: ServicePart): boolean =>
    loads.some((load) => load.system === topology.name && load.service === service);
  // Whoever deploys it there in the stack's place has its credentials as the stack would.
  const isLeft = ({ settings: own, pods }: ServicePart): boolean => !own.deploy && pods.namespace === namespaces.workers;
  const services = parts
    .filter((part) => part.deployed || isLoaded(part) || isLeft(part))
    .flatMap(({ topology, service, user, settings: { generation }, start }): SecretNeed[] => {
      const files = (start?.files ?? []).map((file) => ({ key: WORKER_FILES[file], file }));
      const name = (each: number): string => serviceSecret(topology.name, service, each);
      return inGenerations(user, generation, (each) => ({ name: name(each), namespace: namespaces.workers, files }));
    });
  return [
    ...services,
    ...(asksForDepth(parts, settings)
      ? inGenerations(AUTOSCALER_USER, autoscaling.generation, (each) => ({
          ...{ name: autoscalerSecret(each), namespace: namespaces.workers, files: [] },
        }))
      : []),
    ...(monitoring.enabled && monitoring.exporter
      ? inGenerations(EXPORTER_USER, monitoring.exporterGeneration, (each) => ({
          ...{ name: exporterSecret(each), namespace: namespaces.monitoring, files: [] },
        }))
      : []),
  ];
}

/** In every namespace: clients, the autoscaler and Prometheus check the broker's certificate by it. */
export const authoritiesOf = (settings: ProdSettings): AuthorityNeed[] =>
  namespaceNames(settings).map((namespace) => ({ name: CA_CONFIG_MAP, namespace, key: CA_KEY }));
