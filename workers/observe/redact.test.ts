import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cutUrls, redact } from "./redact.js";

const allowed = new Set(["warren-attempt"]);

describe("addresses", () => {
  it("lose user and password", () => {
    expect(cutUrls("amqp://me:secret@host:5672/v and amqps://a:b@two")).toBe("amqp://[cut]@host:5672/v and amqps://[cut]@two");
    expect(cutUrls("amqp://me:s@cr/et@host/v")).toBe("amqp://[cut]@host/v");
    expect(cutUrls("amqp://a:b@one,amqp://c:d@two")).toBe("amqp://[cut]@one,amqp://[cut]@two");
    expect(cutUrls("amqp://host:5672/v")).toBe("amqp://host:5672/v");
    expect(cutUrls("at file:///srv/node_modules/@scope/x.js")).toBe("at file:///srv/node_modules/@scope/x.js");
    expect(cutUrls("mail to a@b.c")).toBe("mail to a@b.c");
  });

  it("never show a password, wherever they stand", () => {
    const word = fc.stringMatching(/^[A-Za-z0-9%!$&@:/_-]{4,12}$/);
    fc.assert(
      fc.property(word, fc.string(), fc.string(), (password, before, after) => {
        const secret = `S3CR3T${password}`;
        expect(cutUrls(`${before} amqp://user:${secret}@host/v ${after}`)).not.toContain("S3CR3T");
      }),
    );
  });
});

describe("what is logged", () => {
  it("has no bodies and no credentials at any depth, and does not change what it was given", () => {
    const given = {
      queue: "q",
      body: { personal: 1 },
      deep: { properties: { content: Buffer.from("x"), password: "p", apiKey: "k", accessToken: "t" }, key: "routing.key" },
      url: new URL("amqp://me:secret@host"),
      bytes: Buffer.from("xyz"),
      list: ["amqp://me:secret@host", { payload: 1 }],
    };
    const before = JSON.stringify(given);
    expect(redact(given, allowed)).toEqual({
      queue: "q",
      body: "[cut]",
      deep: { properties: { content: "[cut]", password: "[cut]", apiKey: "[cut]", accessToken: "[cut]" }, key: "routing.key" },
      url: "amqp://[cut]@host",
      bytes: "[3 bytes]",
      list: ["amqp://[cut]@host", { payload: "[cut]" }],
    });
    expect(JSON.stringify(given)).toBe(before);
  });

  it("has only the allowed headers, and how many others there are", () => {
    expect(redact({ headers: { "warren-attempt": 2, authorization: "x", session: "y" } }, allowed)).toEqual({
      headers: { "warren-attempt": 2, others: 2 },
    });
  });

  it("has errors as fields, with their causes", () => {
    const error = Object.assign(new TypeError("at amqp://a:b@c"), { code: "E", body: "x", cause: new Error("below") });
    expect(redact({ err: error }, allowed)).toMatchObject({
      err: { type: "TypeError", message: "at amqp://[cut]@c", code: "E", body: "[cut]", cause: { message: "below" } },
    });
  });

  it("ends, even in a circle", () => {
    const circle: Record<string, unknown> = {};
    circle["self"] = circle;
    expect(JSON.stringify(redact(circle, allowed))).toContain("[deeper]");
    expect(
      redact(
        Array.from({ length: 30 }, () => 1),
        allowed,
      ),
    ).toHaveLength(21);
  });
});
