/** A topology as an AsyncAPI 3.0 document: its exchanges and queues as channels, what its services send and receive as operations. */
import { compileInstallation } from "../compile/compile.js";
import type { Plan } from "../compile/plan.js";
import { forEnvironment } from "../environments.js";
import type { Installation, Topology } from "../model.js";
import { Channels } from "./channels.js";
import { Messages } from "./messages.js";
import { operations, securitySchemes } from "./operations.js";
import { filled, Keys, reference } from "./words.js";

/** Where clients reach the broker, without credentials. */
export interface AsyncApiServer {
  readonly protocol: "amqp" | "amqps";
  /** With the port, if it is not the protocol's own. */
  readonly host: string;
}

export interface AsyncApiOptions {
  /** Only what concerns this service; of all topologies that have one of this name. @default all */
  readonly service?: string | undefined;
  /** @default no server is named */
  readonly server?: AsyncApiServer | undefined;
  /** Of the application, in `info`. @default "1.0.0" */
  readonly version?: string | undefined;
  readonly environment?: string | undefined;
}

/** Plain data, as the specification has it; keys in a fixed order. */
export type AsyncApiDocument = { readonly asyncapi: "3.0.0" } & { readonly [field: string]: unknown };

/** What the parts of a document share while one topology is written down. */
export interface Part {
  readonly topology: Topology;
  readonly plan: Plan;
  /** Before each key, where there are several topologies. */
  readonly prefix: readonly string[];
}

function parts(installation: Installation, { service, environment }: AsyncApiOptions): Part[] {
  const { vhosts } = compileInstallation(installation, environment);
  const several = installation.topologies.length > 1;
  return installation.topologies.flatMap((source, index) => {
    const plan = vhosts[index];
    const topology = forEnvironment(source, environment);
    const wanted = service === undefined || Object.hasOwn(topology.services ?? {}, service);
    return plan && wanted ? [{ topology, plan, prefix: several ? [topology.name] : [] }] : [];
  });
}

function info(all: readonly Part[], { service, version = "1.0.0" }: AsyncApiOptions): Record<string, unknown> {
  const names = all.map(({ topology }) => topology.name).join(", ");
  const [only] = all.length === 1 ? all : [];
  const description = service === undefined ? only?.topology.description : only?.topology.services?.[service]?.description;
  const tags = new Map(
    all.flatMap(({ topology }) =>
      Object.entries(topology.services ?? {}).flatMap(([name, service_]) =>
        service === undefined || name === service ? [[name, filled({ name, description: service_.description })] as const] : [],
      ),
    ),
  );
  return filled({ title: service === undefined ? names : `${names}: ${service}`, version, description, tags: [...tags.values()] });
}

const serverKey = (keys: Keys, { prefix }: Part): string => keys.of("server", ...prefix);

function servers(all: readonly Part[], keys: Keys, schemes: readonly string[], { server }: AsyncApiOptions): Record<string, unknown> {
  if (!server) return {};
  return Object.fromEntries(
    all.map((part) => [
      serverKey(keys, part),
      filled({
        host: server.host,
        pathname: `/${encodeURIComponent(part.plan.vhost.name)}`,
        protocol: server.protocol,
        protocolVersion: "0.9.1",
        description: `RabbitMQ ${part.plan.brokerVersion} or newer, vhost ${part.plan.vhost.name}.`,
        security: schemes.map((scheme) => reference("components", "securitySchemes", scheme)),
      }),
    ]),
  );
}

/**
 * Of a whole installation, or of one service. A channel is an exchange with a routing key, or a queue; messages have their schemas as JSON
 * Schema (draft 7). Retry ladders, which are Warren's own, are told in the description of their queue.
 */
export function asyncapi(installation: Installation, options: AsyncApiOptions = {}): AsyncApiDocument {
  const all = parts(installation, options);
  const keys = { servers: new Keys(), channels: new Keys(), operations: new Keys(), security: new Keys() };
  const messages = new Messages();
  const made = all.map((part) => {
    const servedBy = options.server && all.length > 1 ? reference("servers", serverKey(keys.servers, part)) : undefined;
    const channels = new Channels(part, keys.channels, messages, servedBy);
    if (options.service === undefined) channels.addAll();
    return {
      operations: operations(part, channels, messages, { operations: keys.operations, security: keys.security }, options.service),
      security: securitySchemes(part, keys.security, options.service),
      channels,
    };
  });
  const security = Object.fromEntries(made.flatMap((part) => part.security));
  return {
    asyncapi: "3.0.0",
    info: info(all, options),
    defaultContentType: "application/json",
    ...filled({ servers: servers(all, keys.servers, Object.keys(security), options) }),
    channels: Object.fromEntries(made.flatMap(({ channels }) => channels.entries())),
    operations: Object.fromEntries(made.flatMap((part) => part.operations)),
    components: filled({ messages: messages.entries(), schemas: messages.schemas(), securitySchemes: security }),
  };
}
