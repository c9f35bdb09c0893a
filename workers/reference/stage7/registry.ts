/** Which instances run, and where they listen: what HTTP needs to find them when there is no broker. */
import type { StoreClient } from "../stores/index.js";

export interface Instance {
  readonly serviceId: string;
  readonly serviceType: string;
  /** `http://127.0.0.1:7010` */
  readonly url: string;
}

export interface Registry {
  register(instance: Instance): Promise<void>;
  unregister(serviceId: string): Promise<void>;
  /** Whom a recipient means, as the topic keys do: an instance by its id, all of a type, or `all`. */
  find(recipient: string): Promise<readonly Instance[]>;
}

const COLLECTION = "instances";

/** Kept by a store. */
export const storeRegistry = (store: StoreClient): Registry => ({
  register: (instance) => store.put(COLLECTION, instance.serviceId, instance),
  unregister: (serviceId) => store.remove(COLLECTION, serviceId),
  find: async (recipient) =>
    (await store.list(COLLECTION))
      .map(({ value }) => value as Instance)
      .filter(({ serviceId, serviceType }) => recipient === "all" || recipient === serviceId || recipient === serviceType),
});
