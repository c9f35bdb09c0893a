/** Tokens of clients, and what waits for those who are away. */
import fc from "fast-check";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { PublishError } from "../../errors.js";
import { Mailboxes } from "./mailboxes.js";
import { Member, type Letter, type MemberBus } from "./member.js";
import { clientOf, clientToken } from "./tokens.js";

describe("tokens", () => {
  test("say who the client is, until they are over, and only with the right secret", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), fc.integer({ min: 1, max: 1e12 }), (secret, client, at) => {
        const token = clientToken(secret, client, new Date(at));
        expect(clientOf(secret, token, at - 1)).toBe(client);
        expect(clientOf(secret, token, at)).toBeUndefined();
        expect(clientOf(`${secret}x`, token, at - 1)).toBeUndefined();
      }),
    );
  });

  test("that were changed are none", () => {
    const token = clientToken("secret", "ann", new Date(2e12));
    const [, expires, signature] = token.split(".");
    for (const forged of [
      "",
      "a.b.c",
      `${token}.x`,
      `${Buffer.from("bob").toString("base64url")}.${expires}.${signature}`,
      token.replace(`${expires}`, "9e99"),
    ])
      expect(clientOf("secret", forged, 0)).toBeUndefined();
  });
});

describe("mailboxes", () => {
  test("keep the newest of a client who was here, in their order", () => {
    let time = 0;
    const boxes = new Mailboxes({ each: 2, total: 3, keep: 100, now: () => time });
    expect(boxes.hold("ann", "a0")).toBe(false);
    boxes.left("ann");
    boxes.left("bob");
    for (const text of ["a1", "a2", "a3"]) expect(boxes.hold("ann", text)).toBe(true);
    boxes.hold("bob", "b1");
    boxes.hold("bob", "b2");
    expect([boxes.size, boxes.dropped]).toEqual([3, 2]);
    expect(boxes.take("ann")).toEqual(["a3"]);
    expect(boxes.take("bob")).toEqual(["b1", "b2"]);
    boxes.left("ann");
    boxes.hold("ann", "late");
    time = 100;
    expect(boxes.hold("ann", "later")).toBe(false);
    expect(boxes.take("ann")).toEqual([]);
  });

  test("never hold more than they may, whatever comes", () => {
    const step = fc.tuple(fc.constantFrom("left", "hold", "take"), fc.constantFrom("a", "b", "c", "d"));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        let time = 0;
        const boxes = new Mailboxes({ each: 3, total: 7, keep: 20, now: () => time++ });
        let taken = 0;
        let held = 0;
        steps.forEach(([what, client], n) => {
          if (what === "left") boxes.left(client);
          else if (what === "hold") held += boxes.hold(client, `${n}`) ? 1 : 0;
          else {
            const texts = boxes.take(client);
            expect(texts.length).toBeLessThanOrEqual(3);
            expect(texts).toEqual([...texts].sort((a, b) => Number(a) - Number(b)));
            taken += texts.length;
          }
          expect(boxes.size).toBeLessThanOrEqual(7);
          expect(taken + boxes.size + boxes.dropped).toBe(held);
        });
      }),
    );
  });
});

describe("a member whose broker is lost before the confirm", () => {
  async function pair() {
    const got: string[] = [];
    const other = new Member({
      ...{ serviceType: "brain", serviceId: "brain1", bus: () => undefined },
      registry: { register: async () => undefined, unregister: async () => undefined, find: async () => [] },
      onLetter: ({ content }) => void got.push(String(content)),
    });
    const inbox = createServer((request, response) => {
      let text = "";
      request.on("data", (chunk: Buffer) => (text += chunk.toString()));
      request.on("end", () => {
        void other.take(JSON.parse(text) as Letter, String(request.headers["message-id"]), false);
        response.end("{}");
      });
    }).listen(0, "127.0.0.1");
    await once(inbox, "listening");
    onTestFinished(() => void inbox.close());
    const url = `http://127.0.0.1:${(inbox.address() as AddressInfo).port}`;
    const sender = (code: "timeout" | "unroutable", arrived: boolean) =>
      new Member({
        ...{ serviceType: "librarian", serviceId: "librarian1", onLetter: () => undefined },
        registry: {
          register: async () => undefined,
          unregister: async () => undefined,
          find: async () => [{ serviceId: "brain1", serviceType: "brain", url }],
        },
        bus: () =>
          ({
            publish: async (_: string, body: Letter, { messageId }: { messageId: string }) => {
              if (arrived) await other.take(body, messageId, false);
              throw new PublishError(code, "as the test wants it");
            },
          }) as unknown as MemberBus,
      });
    return { got, sender };
  }

  test("sends it over HTTP with the same id, and it is taken once", async () => {
    const { got, sender } = await pair();
    expect(await sender("timeout", false).send("brain1", { type: "note", content: "a" })).toMatchObject({ by: "http" });
    expect(await sender("timeout", true).send("brain1", { type: "note", content: "b" })).toMatchObject({ by: "http" });
    expect(got).toEqual(["a", "b"]);
  });

  test("does not go round a broker that says no", async () => {
    const { got, sender } = await pair();
    await expect(sender("unroutable", false).send("brain1", { type: "note", content: "a" })).rejects.toMatchObject({ code: "unroutable" });
    expect(got).toEqual([]);
  });
});
