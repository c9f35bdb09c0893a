/** Who may do what, by example. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { changes, compare, texts, type Unnamed } from "../../testing/topology-pairs.js";
import { permits } from "../regex.js";

const q = { type: "quorum" } as const;

describe("rights", () => {
  const of = (write: string, topic?: string, read = ""): Unnamed => ({
    exchanges: { e: { type: "topic" }, f: { type: "fanout" } },
    queues: { a: q },
    messages: { m: { to: "e", key: "order.{id}" } },
    users: {
      u: {
        passwordHash: "",
        permissions: { configure: "", write, read },
        ...(topic === undefined ? {} : { topicPermissions: { e: { write: topic, read: ".*" } } }),
      },
    },
  });

  it("gained and lost, for every object", () => {
    expect(texts(of("^e$"), of("^(e|f|a)$", undefined, "^a$"))).toEqual([
      "notice: user u can now publish to f",
      "notice: user u can now bind a",
      "notice: user u can now consume from a",
    ]);
    expect(texts(of("^(e|f)$"), of("^e"))).toEqual(["breaking: user u can no longer publish to f"]);
  });

  it("of keys, compared by declared messages", () => {
    expect(texts(of("^e$"), of("^e$", "^bill"))).toEqual(['breaking: user u can no longer publish to e with "order.example"']);
    expect(texts(of("^e$", "^order\\.one$"), of("^e$", "^order\\."))).toEqual(['notice: user u can now publish to e with "order.example"']);
  });

  it("that make no difference here are said, and what cannot be evaluated is unknown", () => {
    expect(changes(of("^e$"), of("^(e|x)$"))).toMatchObject([{ kind: "right-changed", severity: "notice" }]);
    expect(compare(of("^e$"), of("^(?R)e$"))).toMatchObject({
      changes: [],
      unknown: [{ user: "u", reason: expect.stringContaining("cannot evaluate") }],
    });
    expect(compare(of("^e$"), of("^e$", "^\\p{L}$"))).toMatchObject({ changes: [], unknown: [{ user: "u", exchange: "e" }] });
  });

  it("of services follow from what they do", () => {
    const service = (...publishes: string[]): Unnamed => ({ ...of(""), users: {}, services: { s: { publishes } } });
    expect(changes(service(), service("m"))).toMatchObject([
      { kind: "right-gained", user: "t.s", text: "service s (user t.s) can now publish to e" },
    ]);
  });

  it("are told for exactly the objects that an expression no longer covers, or covers now", () => {
    const expression = fc.constantFrom("", "^e$", "^f$", "^(e|a)$", "e|f", "^[a-e]", "a$", ".*", "^x$");
    fc.assert(
      fc.property(expression, expression, (before, after) => {
        const found = changes(of(before), of(after)).filter(
          ({ after: now, before: old }) => ((now ?? old) as { right: string }).right === "write",
        );
        const objects = (kind: string): string[] =>
          found
            .flatMap((change) => (change.kind === kind ? ((change.after ?? change.before) as { objects: string[] }).objects : []))
            .sort();
        const all = ["e", "f", "a", "amq.direct", "amq.fanout", "amq.headers", "amq.match", "amq.topic"];
        const differ = (one: string, other: string): string[] => all.filter((name) => permits(one, name) && !permits(other, name)).sort();
        const named = (kind: string): string[] => objects(kind).filter((name) => name !== "the default exchange");
        expect([named("right-lost"), named("right-gained")]).toEqual([differ(before, after), differ(after, before)]);
        const [had, has] = [permits(before, "amq.default"), permits(after, "amq.default")];
        expect([...objects("right-lost"), ...objects("right-gained")].includes("the default exchange")).toBe(had !== has);
        if (before !== after) expect(found.length).toBeGreaterThan(0);
      }),
    );
  });
});
