/** Addresses of brokers. */
import { expect, test } from "vitest";
import { parseAddress, shown } from "./address.js";

test("every part of an address", () => {
  expect(parseAddress("amqp://a%40b:p%2Fw@rabbit:5673/my%2Fvhost")).toEqual({
    ...{ protocol: "amqp", hostname: "rabbit", port: 5673, vhost: "my/vhost" },
    credentials: { username: "a@b", password: "p/w" },
  });
  expect(parseAddress("amqps://rabbit")).toEqual({ protocol: "amqps", hostname: "rabbit", port: 5671 });
  expect(shown(parseAddress("amqp://user:secret@[::1]"))).toBe("amqp://[::1]:5672");
});

test.each(["http://user:secret@rabbit", "user:secret@rabbit", "nothing"])("%s is refused without its password", (url) => {
  expect(() => parseAddress(url)).toThrow(/amqp:\/\//);
  expect(() => parseAddress(url)).not.toThrow(/secret/);
});
