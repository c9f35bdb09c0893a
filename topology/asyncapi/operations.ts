/** Operations of an AsyncAPI document: what each service sends and receives, as which user. */
import { milliseconds } from "../durations.js";
import type { Service } from "../model.js";
import { fill, userOf } from "../names.js";
import type { Channels } from "./channels.js";
import type { Part } from "./document.js";
import type { Messages } from "./messages.js";
import { filled, reference, type Keys } from "./words.js";

type Entry = readonly [key: string, value: unknown];

const BINDING = "0.3.0";

function services({ topology }: Part, only: string | undefined): [string, Service][] {
  return Object.entries(topology.services ?? {}).filter(([name]) => only === undefined || name === only);
}

/** A user with a password for each service. */
export function securitySchemes(part: Part, keys: Keys, only: string | undefined): Entry[] {
  return services(part, only).map(([name]) => {
    const login = userOf(part.topology, name);
    return [keys.of(login), { type: "userPassword", description: `RabbitMQ user ${login}, with the permissions of service ${name}.` }];
  });
}

/** Of a request: where the reply comes, and as what. */
function replies(channels: Channels, requests: readonly string[]): Record<string, unknown> | undefined {
  const found = requests.flatMap((message) => channels.replies(message) ?? []);
  const [first] = found;
  if (!first) return undefined;
  return {
    address: { location: "$message.header#/reply_to", description: "The property reply_to of the request." },
    channel: reference("channels", first.channel),
    messages: channels.messagesOf(
      first.channel,
      found.map(({ reply }) => reply),
    ),
  };
}

/** In the order of the topology; services of the same name in several topologies have operations apart. */
export function operations(
  part: Part,
  channels: Channels,
  messages: Messages,
  keys: { readonly operations: Keys; readonly security: Keys },
  only: string | undefined,
): Entry[] {
  const { topology, prefix } = part;
  return services(part, only).flatMap(([name, service]) => {
    const common = {
      security: [reference("components", "securitySchemes", keys.security.of(userOf(topology, name)))],
      tags: [{ name }],
    };
    const sends = (service.publishes ?? []).flatMap((message): Entry[] => {
      const channel = channels.destination(message);
      const definition = topology.messages?.[message];
      if (channel === undefined || !definition) return [];
      const { persistent = true, priority, expiration } = definition;
      const amqp = { deliveryMode: persistent ? 2 : 1, priority, expiration: milliseconds(expiration), bindingVersion: BINDING };
      return [
        [
          keys.operations.of(...prefix, name, "send", message),
          filled({
            action: "send",
            channel: reference("channels", channel),
            title: `${name} publishes ${message}`,
            ...common,
            bindings: { amqp: filled(amqp) },
            messages: channels.messagesOf(channel, [messages.key(part, message)]),
            reply: replies(channels, [message]),
          }),
        ],
      ];
    });
    const receive = (queue: string, found: readonly string[], verb: string, title: string): Entry[] =>
      found.map((channel, index) => {
        const own = channels.messagesOf(channel);
        const requests = own.flatMap(({ $ref }) => messages.declaredAs($ref.slice($ref.lastIndexOf("/") + 1)) ?? []);
        return [
          keys.operations.of(...prefix, name, verb, queue, ...(found.length > 1 ? [String(index)] : [])),
          filled({
            action: "receive",
            channel: reference("channels", channel),
            title,
            ...common,
            bindings: { amqp: { ack: true, bindingVersion: BINDING } },
            messages: own,
            reply: verb === "manage" ? undefined : replies(channels, requests),
          }),
        ];
      });
    return [
      ...sends,
      ...(service.consumes ?? []).flatMap((queue) => receive(queue, channels.queue(queue), "receive", `${name} consumes ${queue}`)),
      ...Object.entries(service.instances ?? {}).flatMap(([template, values]) => {
        const shown = fill(topology.templates?.[template]?.name ?? template, values ?? {});
        return receive(template, channels.template(template), "receive-own", `each instance of ${name} consumes its ${shown}`);
      }),
      ...(service.manages ?? []).flatMap((queue) =>
        receive(queue, channels.queue(queue), "manage", `${name} looks into ${queue}, puts messages back, purges it`),
      ),
    ];
  });
}
