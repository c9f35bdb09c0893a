// The names of resources: some are pinned for ever, all are unambiguous.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bindingName, globalName, objectName, type BindingIdentity } from "./identity.js";

const binding = (fields: Partial<BindingIdentity>): BindingIdentity => ({
  source: "events",
  destination: "events.neo4j",
  destinationType: "queue",
  routingKey: "",
  arguments: {},
  ...fields,
});

describe("names that existing stacks rely on", () => {
  it.each([
    [globalName("vhost", "debias"), "vhost/debias"],
    [globalName("user", "debias.event-api"), "user/debias.event-api"],
    [globalName("vhost", "/"), "vhost/%2F"],
    [objectName("debias", "queue", "events.neo4j"), "debias/queue/events.neo4j"],
    [objectName("/", "exchange", "a/b c%"), "%2F/exchange/a%2Fb%20c%25"],
    [objectName("v", "queue", "a::b:c"), "v/queue/a%3A:b:c"],
    [objectName("v", "parameter", "shovel", "s"), "v/parameter/shovel/s"],
    [bindingName("debias", binding({})), "debias/binding/events/queue/events.neo4j/"],
    [bindingName("debias", binding({ routingKey: "session.*" })), "debias/binding/events/queue/events.neo4j/session.*"],
    [
      bindingName("debias", binding({ arguments: { "x-match": "all", format: "pdf" } })),
      "debias/binding/events/queue/events.neo4j//e7daa67bad71",
    ],
  ])("%s", (name, pinned) => {
    expect(name).toBe(pinned);
  });
});

const word = fc.string({ unit: fc.constantFrom("a", "/", "%", ":", " ", "2", "F", "é", "\n"), maxLength: 5 });
const some = fc.record({
  source: word,
  destination: word,
  destinationType: fc.constantFrom("queue" as const, "exchange" as const),
  routingKey: word,
  arguments: fc.dictionary(word, fc.oneof(fc.integer(), fc.boolean(), word), { maxKeys: 2 }),
});

describe("two objects never share a name", () => {
  it("inside a vhost", () => {
    fc.assert(
      fc.property(word, word, word, word, (vhostA, a, vhostB, b) => {
        const equal = vhostA === vhostB && a === b;
        expect(objectName(vhostA, "queue", a) === objectName(vhostB, "queue", b)).toBe(equal);
        expect(globalName("user", `${vhostA}/${a}`)).not.toBe(objectName(vhostB, "queue", b));
      }),
    );
  });

  it("as bindings", () => {
    fc.assert(
      fc.property(some, some, (a, b) => {
        const fields = (x: typeof a): unknown => [
          x.source,
          x.destinationType,
          x.destination,
          x.routingKey,
          Object.entries(x.arguments).sort(([p], [q]) => (p < q ? -1 : 1)),
        ];
        const equal = JSON.stringify(fields(a)) === JSON.stringify(fields(b));
        expect(bindingName("v", a) === bindingName("v", b)).toBe(equal);
      }),
    );
  });

  it("whatever the order of a binding's arguments", () => {
    expect(bindingName("v", binding({ arguments: { a: 1, b: { c: 1, d: 2 } } }))).toBe(
      bindingName("v", binding({ arguments: { b: { d: 2, c: 1 }, a: 1 } })),
    );
  });

  it("and a name never holds what separates the parts of a URN", () => {
    fc.assert(fc.property(word, word, (vhost, name) => !objectName(vhost, "queue", name).includes("::")));
  });
});
