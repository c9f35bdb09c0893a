/** Messages of an AsyncAPI document, with the schemas of their bodies. */
import type { z } from "zod";
import { embedded, jsonSchema } from "../message-schema.js";
import type { Message } from "../model.js";
import type { Part } from "./document.js";
import { filled, Keys, reference, type Reference } from "./words.js";

/** The property under which a client finds to what a reply belongs. */
const CORRELATION = { location: "$message.header#/correlation_id" };

export class Messages {
  private readonly keys = new Keys();
  private readonly found = new Map<string, Record<string, unknown>>();
  private readonly bodies = new Map<string, unknown>();
  private readonly names = new Map<string, string>();

  private payload(key: string, schema: z.ZodType | undefined): Reference | undefined {
    if (!schema) return undefined;
    const at = reference("components", "schemas", key);
    this.bodies.set(key, embedded(jsonSchema(schema), at.$ref));
    return at;
  }

  /** Headers that its publisher always sets. */
  private headers({ headers = {} }: Message): Record<string, unknown> | undefined {
    const names = Object.keys(headers);
    if (names.length === 0) return undefined;
    const properties = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, { const: value }]));
    return { type: "object", properties, required: names };
  }

  /** The key of a declared message; it is written down when it is asked for first. */
  key({ prefix, topology }: Part, name: string): string | undefined {
    const message = topology.messages;
    if (!message || !Object.hasOwn(message, name)) return undefined;
    const definition = message[name] as Message;
    const key = this.keys.of(...prefix, name);
    this.names.set(key, name);
    if (!this.found.has(key))
      this.found.set(
        key,
        filled({
          name,
          description: definition.description,
          contentType: "application/json",
          correlationId: definition.reply ? CORRELATION : undefined,
          headers: this.headers(definition),
          payload: this.payload(key, definition.schema),
        }),
      );
    return key;
  }

  /** The name in its topology of the message with this key. */
  declaredAs(key: string): string | undefined {
    return this.names.get(key);
  }

  /** The key of the reply to a request; `undefined` for what is none. */
  replyKey({ prefix, topology }: Part, name: string): string | undefined {
    const schema = topology.messages && Object.hasOwn(topology.messages, name) ? topology.messages[name]?.reply : undefined;
    if (!schema) return undefined;
    const key = this.keys.of(...prefix, name, "reply");
    if (!this.found.has(key))
      this.found.set(key, {
        name: `${name}, reply`,
        contentType: "application/json",
        correlationId: CORRELATION,
        payload: this.payload(key, schema),
      });
    return key;
  }

  entries(): Record<string, unknown> {
    return Object.fromEntries(this.found);
  }

  schemas(): Record<string, unknown> {
    return Object.fromEntries(this.bodies);
  }
}
