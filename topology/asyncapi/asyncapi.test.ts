/** AsyncAPI documents: valid to the specification's own parser, complete, and the same for one service alone. */
import { Parser } from "@asyncapi/parser";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { arbitraryInstallation } from "../../testing/arbitrary-topology.js";
import type { Installation, Topology } from "../model.js";
import { systems } from "../systems/index.js";
import { asyncapi, type AsyncApiOptions } from "./index.js";

const parser = new Parser();

interface Named {
  readonly name: string;
  readonly vhost: string;
}
interface Written {
  readonly info: { readonly title: string };
  readonly servers?: Readonly<Record<string, unknown>>;
  readonly channels: Readonly<
    Record<
      string,
      { description: string; messages: object; servers?: object; bindings: { amqp: { is: string; queue?: Named; exchange?: Named } } }
    >
  >;
  readonly operations: Record<string, { action: string; messages: { $ref: string }[]; reply?: unknown; bindings: { amqp: object } }>;
  readonly components: {
    readonly messages?: Readonly<Record<string, { headers?: object }>>;
    readonly schemas?: Readonly<Record<string, { required?: string[] }>>;
    readonly securitySchemes?: Readonly<Record<string, { description: string }>>;
  };
}

const written = (installation: Installation, options?: AsyncApiOptions): Written => asyncapi(installation, options) as unknown as Written;
const of = (topology: Omit<Topology, "name">, options?: AsyncApiOptions): Written =>
  written({ topologies: [{ name: "t", ...topology }] }, options);
const ofSystem = (name: string, options?: AsyncApiOptions): Written => written({ topologies: [systems[name] as Topology] }, options);

/** What the parser complains of; that a newer version of the specification is there is no fault. */
async function faults(document: object): Promise<string[]> {
  const { diagnostics } = await parser.parse(JSON.stringify(document));
  return diagnostics
    .filter(({ code }) => code !== "asyncapi-latest-version")
    .filter(({ severity }) => Number(severity) < 2)
    .map(({ code, path, message }) => `${String(code)} ${path.join(".")}: ${message}`);
}

describe("valid by the official parser", { timeout: 120_000 }, () => {
  test.each(Object.keys(systems))("%s", async (name) => {
    expect(await faults(ofSystem(name))).toEqual([]);
  });

  test("all five at once, with servers", async () => {
    const document = written({ topologies: Object.values(systems) }, { server: { protocol: "amqp", host: "broker" } });
    expect(await faults(document)).toEqual([]);
    expect(Object.keys(document.servers ?? {})).toEqual(Object.keys(systems).map((name) => `server-${name}`));
    expect(document.channels["cgcg-queue-tasks"]?.servers).toEqual([{ $ref: "#/servers/server-cgcg" }]);
  });

  test("one service", async () => {
    const server = { protocol: "amqps", host: "broker.example:5671" } as const;
    expect(await faults(ofSystem("contextiq", { server, service: "extraction-worker" }))).toEqual([]);
  });

  test("arbitrary installations", async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryInstallation(), async (installation: Installation) => {
        expect(await faults(asyncapi(installation))).toEqual([]);
      }),
      { numRuns: 8 },
    );
  });

  test("schemas that refer to themselves, and names like words of JSON Schema", async () => {
    const node: z.ZodType = z.object({ const: z.object({ enum: z.literal("#/no") }), children: z.array(z.lazy(() => node)) });
    const document = of({ messages: { "a/b~c d": { to: "amq.topic", key: "x?y#", schema: z.object({ tree: node, again: node }) } } });
    expect(await faults(document)).toEqual([]);
    const schema = document.components.schemas?.["a_b_c_d"];
    const references = [...JSON.stringify(schema).matchAll(/"\$ref":"([^"]*)"/g)].map(([, at]) => at);
    expect(references.length).toBeGreaterThan(1);
    expect(references.every((at) => at?.startsWith("#/components/schemas/a_b_c_d/definitions/"))).toBe(true);
  });

  test("a fault is found", async () => {
    const document = of({ messages: { m: { to: "amq.topic" } }, services: { s: { publishes: ["m"] } } });
    expect(await faults(document)).toEqual([]);
    const broken = structuredClone(document);
    broken.operations["s-send-m"]!.messages[0]!.$ref = "#/components/messages/m";
    expect(await faults(broken)).not.toEqual([]);
  });
});

describe("complete", () => {
  test("every exchange, queue, template, message and service of an arbitrary installation", () => {
    fc.assert(
      fc.property(arbitraryInstallation(), (installation) => {
        const document = written(installation);
        const logins = Object.values(document.components.securitySchemes ?? {}).map(({ description }) => description);
        for (const topology of installation.topologies) {
          const vhost = topology.vhost?.name ?? topology.name;
          const named = (is: string): string[] =>
            Object.values(document.channels).flatMap(({ bindings: { amqp } }) => {
              const object = amqp.queue ?? amqp.exchange;
              return amqp.is === is && object?.vhost === vhost ? [object.name] : [];
            });
          const [queues, exchanges] = [named("queue"), named("routingKey")];
          for (const name of Object.keys(topology.exchanges ?? {})) expect(exchanges).toContain(name);
          for (const [name, { type }] of Object.entries(topology.queues ?? {})) if (type !== "super-stream") expect(queues).toContain(name);
          for (const { name } of Object.values(topology.templates ?? {})) expect(queues).toContain(name);
          for (const service of Object.keys(topology.services ?? {}))
            expect(logins).toContainEqual(expect.stringContaining(`of service ${service}.`));
        }
        const messages = installation.topologies.flatMap(({ messages = {} }) => Object.keys(messages));
        expect(Object.keys(document.components.messages ?? {})).toHaveLength(messages.length);
        const sends = installation.topologies.flatMap(({ services = {} }) =>
          Object.values(services).flatMap(({ publishes = [] }) => publishes),
        );
        expect(Object.values(document.operations).filter(({ action }) => action === "send")).toHaveLength(sends.length);
      }),
      { numRuns: 50 },
    );
  });

  test("channels: a key with a placeholder has a parameter, one with other braces no address", () => {
    const { channels } = of({ messages: { a: { to: "amq.topic", key: "x.{id}" }, b: { to: "amq.topic", key: "x.{" } } });
    expect(channels["exchange-amq.topic-x.id"]).toMatchObject({ address: "x.{id}", parameters: { id: {} } });
    expect(channels["exchange-amq.topic-x."]).toMatchObject({ address: null, messages: { b: { $ref: "#/components/messages/b" } } });
  });

  test("a queue's channel has the messages that reach it, also as dead letters, and says what becomes of them", () => {
    const { channels, operations } = ofSystem("fo-analytics");
    expect(Object.keys(channels["queue-document_processing_dlq"]?.messages ?? {})).toEqual(["document"]);
    expect(channels["queue-document_processing"]?.description).toBe(
      "A quorum queue. Messages expire after 1 hour. What failed is tried again after 2 seconds, 4 seconds, 8 seconds, then dead-lettered. Dead letters go to exchange fo_analytics with key document.failed.",
    );
    expect(operations["worker-receive-document_processing"]).toMatchObject({
      action: "receive",
      channel: { $ref: "#/channels/queue-document_processing" },
      messages: [{ $ref: "#/channels/queue-document_processing/messages/document" }],
      security: [{ $ref: "#/components/securitySchemes/fo-analytics.worker" }],
    });
  });

  test("requests have replies, on both sides", () => {
    const { operations, components } = ofSystem("contextiq");
    const reply = { channel: { $ref: "#/channels/reply" }, messages: [{ $ref: "#/channels/reply/messages/extraction.request-reply" }] };
    expect(operations["sessions-api-send-extraction.request"]?.reply).toMatchObject(reply);
    expect(operations["extraction-worker-receive-extraction.requests"]?.reply).toMatchObject(reply);
    expect(operations["dlq-handler-manage-dead_letter"]).not.toHaveProperty("reply");
    expect(components.schemas?.["extraction.request-reply"]?.required).toEqual(["success"]);
  });

  test("what a publisher sets is in its operation's binding, headers in the message", () => {
    const { operations, components } = of({
      messages: { m: { to: "amq.headers", headers: { kind: "x" }, persistent: false, priority: 3, expiration: "2 seconds" } },
      services: { s: { publishes: ["m"] } },
    });
    expect(operations["s-send-m"]?.bindings.amqp).toEqual({ deliveryMode: 1, priority: 3, expiration: 2000, bindingVersion: "0.3.0" });
    expect(components.messages?.["m"]?.headers).toEqual({ type: "object", properties: { kind: { const: "x" } }, required: ["kind"] });
  });

  test("a super stream is its exchange and its partitions", () => {
    const { channels, operations } = of({
      queues: { log: { type: "super-stream", partitions: 2 } },
      messages: { line: { to: { queue: "log" }, key: "1" } },
      services: { s: { consumes: ["log"], publishes: ["line"] } },
    });
    expect(Object.keys(channels)).toEqual(["exchange-log-1", "queue-log-0", "queue-log-1"]);
    expect(operations["s-receive-log-1"]?.messages).toEqual([{ $ref: "#/channels/queue-log-1/messages/line" }]);
  });
});

describe("one service", () => {
  const { channels, operations, components, info } = ofSystem("contextiq", { service: "webhook" });

  test("only what concerns it", () => {
    expect(info.title).toBe("contextiq: webhook");
    expect(Object.keys(operations)).toEqual(["webhook-receive-events.webhook"]);
    expect(Object.keys(channels)).toEqual(["queue-events.webhook"]);
    expect(Object.keys(components.messages ?? {})).toEqual(["session.event"]);
    expect(Object.keys(components.securitySchemes ?? {})).toEqual(["contextiq.webhook"]);
  });

  test("its operations are those of the whole document", () => {
    const whole = ofSystem("contextiq");
    expect(whole.operations).toMatchObject(operations);
    expect(whole.channels).toMatchObject(channels);
  });
});
