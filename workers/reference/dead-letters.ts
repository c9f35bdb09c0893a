/** The `dlq-handler` of a system: says how many dead letters wait. What becomes of them is for people to decide, with `warren dlq`. */
import type { AnyTopology, ServiceName } from "../types.js";
import { type ServiceContext, wholeNumber } from "./service.js";

/** Looks every `WARREN_DLQ_INTERVAL` seconds (60), and warns when there are more than before. */
export async function watchDeadLetters<T extends AnyTopology, S extends ServiceName<T>>(context: ServiceContext<T, S>): Promise<void> {
  const { topology, service, environment, log } = context;
  const seconds = wholeNumber(environment, "WARREN_DLQ_INTERVAL", 60, { min: 1, max: 86_400 });
  const bus = await context.connect();
  const { manages = [] } = topology.services[service] ?? {};
  const known = new Map<string, number>();
  const look = async (): Promise<void> => {
    for (const [queue, { messages }] of Object.entries(await bus.queues(manages))) {
      const before = known.get(queue) ?? 0;
      known.set(queue, messages);
      if (messages > before)
        log.warn({ event: "dead-letters", queue, messages }, `${queue} holds ${messages} dead letters: warren dlq list ${queue}`);
      else if (messages < before) log.info({ event: "dead-letters", queue, messages }, `${queue} holds ${messages} dead letters`);
    }
  };
  const timer = setInterval(() => void look(), seconds * 1000);
  context.onStop(() => clearInterval(timer));
  await look();
}
