/** A stand-in for a broker that holds something, for looks before an update: what it lists, how much is in each queue, who consumes. */
import type { Definitions } from "../topology/definitions-format.js";
import { fakeBroker } from "./fake-broker.js";

export interface Standing {
  readonly definitions: Definitions;
  /** In each queue. */
  readonly messages: number;
  /** `vhost/queue`, once for each. */
  readonly consumers: readonly string[];
}

/** Its URL. Closed after the test. */
export async function standingBroker({ definitions, messages, consumers }: Standing): Promise<string> {
  const lists: Readonly<Record<string, unknown>> = {
    "/api/overview": { rabbitmq_version: "4.3.6" },
    "/api/definitions": { rabbitmq_version: "4.3.6", ...definitions },
    "/api/exchanges": definitions.exchanges,
    "/api/queues": definitions.queues?.map((queue) => ({ ...queue, messages })),
  };
  const { url } = await fakeBroker(({ url: asked = "" }, response) => {
    const [path = ""] = asked.split("?");
    const vhost = /^\/api\/consumers\/(.*)$/.exec(path)?.[1];
    const here = consumers.map((one) => one.split("/")).filter(([at]) => at === vhost);
    const answer = vhost === undefined ? lists[path] : here.map(([at, name]) => ({ consumer_tag: "c", queue: { vhost: at, name } }));
    response.writeHead(answer === undefined ? 404 : 200, { "content-type": "application/json" }).end(JSON.stringify(answer ?? {}));
  });
  return url;
}
