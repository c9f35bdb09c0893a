/** A service by handlers that somebody wrote: a handler for each queue, or a function that gets the bus. */
import { reaching } from "../consume/identify.js";
import { WorkerError } from "../errors.js";
import type { AnyTopology } from "../types.js";
import type { ServiceContext, StartService } from "./service.js";

type AnyContext = ServiceContext<AnyTopology, string>;
type Handler = (delivery: unknown) => unknown;

/**
 * What a module of handlers exports as its default: `{ [queue]: handler }`, or `(bus, context) => ...`, which is called once it is
 * connected and may give back `{ url }`. Of a queue that requests reach, what the handler gives back is the reply.
 * Throws a `WorkerError` "wrong-use".
 */
export function ownService(exported: unknown, file: string): StartService<AnyTopology, string> {
  if (typeof exported === "function")
    return async (context) => {
      const bus = await context.connect();
      return (exported as (bus: unknown, context: AnyContext) => ReturnType<StartService<AnyTopology, string>>)(bus, context);
    };
  const handlers = typeof exported === "object" && exported !== null ? Object.entries(exported) : [];
  const wrong = handlers.filter(([, handler]) => typeof handler !== "function").map(([queue]) => `"${queue}"`);
  if (handlers.length === 0 || wrong.length > 0)
    throw new WorkerError(
      "wrong-use",
      handlers.length === 0 ? `"${file}" has no handlers.` : `"${file}": what stands for ${wrong.join(", ")} is no function.`,
      { remedy: "export default { QUEUE: (delivery) => ... }, or export default (bus, context) => ..." },
    );
  return async (context) => {
    const { topology, service } = context;
    const { consumes = [], manages = [], instances = {} } = topology.services[service] ?? {};
    const left = [...consumes, ...manages].filter((queue) => !handlers.some(([name]) => name === queue));
    const bus = await context.connect();
    const requests = reaching(topology);
    const options = context.concurrency === undefined ? {} : { concurrency: context.concurrency };
    for (const [queue, handler] of handlers) {
      const isAsked = (requests.get(queue) ?? []).some(({ name }) => topology.messages[name]?.reply !== undefined);
      const consume = isAsked ? bus.answer.bind(bus) : bus.consume.bind(bus);
      await (consume as unknown as (queue: string, handler: Handler, options: object) => Promise<unknown>)(
        queue,
        handler as Handler,
        options,
      );
    }
    for (const queue of left) context.log.warn({ event: "service.idle", queue }, `nobody handles ${queue} here`);
    for (const template of Object.keys(instances))
      context.log.warn(
        { event: "service.idle", template },
        `instances of ${template} have no handler here: export a function, and let it join`,
      );
  };
}
