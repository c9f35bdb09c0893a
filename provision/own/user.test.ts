// A user that was there before its stack keeps the password that it has, through adoption, updates, refreshes and changes by hand.
import { expect, it } from "vitest";
import { fakeBroker } from "../../testing/fake-broker.js";
import type { Props } from "./behaviour.js";
import { handler } from "./handler.js";

const SHA256 = "rabbit_password_hashing_sha256";
const SHA512 = "rabbit_password_hashing_sha512";

interface User {
  readonly name: string;
  readonly tags: readonly string[];
  readonly password_hash: string;
  readonly hashing_algorithm: string;
}

/** A broker with at most one user, and what a stack's own resource of it goes through there. */
async function stackWith(found?: Pick<User, "password_hash" | "hashing_algorithm">) {
  let user: User | undefined = found && { name: "legacy", tags: ["monitoring"], ...found };
  const { url, requests } = await fakeBroker((request, response) => {
    let body = "";
    request.on("data", (part: Buffer) => (body += part.toString()));
    request.on("end", () => {
      if (request.method === "PUT") user = { name: "legacy", ...(JSON.parse(body) as Omit<User, "name">) };
      const status = request.method === "PUT" ? 204 : user ? 200 : 404;
      response.writeHead(status, { "content-type": "application/json" });
      response.end(status === 204 ? "" : JSON.stringify(user ?? { error: "Object Not Found", reason: "Not Found" }));
    });
  });
  const run = handler();
  const connection = { endpoint: url, username: "u", password: "p" };
  const wanted = (change: object = {}): Props => ({
    kind: "user",
    spec: { name: "legacy", tags: ["monitoring"], passwordHash: "GENERATED", generated: true, ...change },
    connection,
  });
  let state: Props;
  return {
    state: () => state,
    create: async (change?: object) => {
      state = (await run.create(wanted(change))).outs as unknown as Props;
    },
    /** Of an older version. */
    forgets: (field: keyof Props) => {
      const { [field]: _, ...rest } = state;
      state = rest as Props;
    },
    refresh: async () => {
      state = (await run.read("user legacy", state)).props as unknown as Props;
    },
    changes: async (change?: object) => (await run.diff("user legacy", state, wanted(change))).changes,
    update: async (change?: object) => {
      state = (await run.update("user legacy", state, wanted(change))).outs as unknown as Props;
    },
    byHand: (now: User | undefined) => void (user = now),
    password: () => user && [user.password_hash, user.hashing_algorithm],
    writes: () => requests.filter((line) => line.startsWith("PUT")).length,
    live: () => user,
  };
}

const TAGGED = { tags: ["monitoring", "policymaker"] };

it.each([
  ["a state of today", false],
  ["a state that does not know the algorithm yet", true],
])("a hash is written back with what it was made with: %s", async (_, isOlder) => {
  const stack = await stackWith({ password_hash: "OWN", hashing_algorithm: SHA512 });
  await stack.create();
  expect(stack.writes()).toBe(0);
  expect(stack.state()).toMatchObject({ passwordHash: "OWN", hashingAlgorithm: SHA512, spec: { passwordHash: "GENERATED" } });
  if (isOlder) stack.forgets("hashingAlgorithm");
  expect(await stack.changes()).toBe(false);
  await stack.update(TAGGED);
  expect(stack.live()).toMatchObject(TAGGED);
  expect(stack.password()).toEqual(["OWN", SHA512]);
  await stack.refresh();
  expect(await stack.changes(TAGGED)).toBe(false);
  expect(stack.state()).toMatchObject({ passwordHash: "OWN", hashingAlgorithm: SHA512 });
});

it("of SHA-256, which is the rule, nothing more is in the state", async () => {
  const stack = await stackWith({ password_hash: "OWN", hashing_algorithm: SHA256 });
  await stack.create();
  const created = stack.state();
  expect(created).not.toHaveProperty("hashingAlgorithm");
  await stack.refresh();
  expect(stack.state()).toEqual(created);
  await stack.update(TAGGED);
  expect(stack.password()).toEqual(["OWN", SHA256]);
});

it("a password that is set by hand stays, with a refresh before the next update and without one", async () => {
  const stack = await stackWith({ password_hash: "OWN", hashing_algorithm: SHA512 });
  await stack.create();
  stack.byHand({ name: "legacy", tags: ["monitoring"], password_hash: "BY HAND", hashing_algorithm: SHA256 });
  await stack.refresh();
  expect(await stack.changes()).toBe(false);
  expect(stack.state()).toMatchObject({ passwordHash: "BY HAND", spec: { passwordHash: "GENERATED" } });
  expect(stack.state()).not.toHaveProperty("hashingAlgorithm");
  stack.byHand({ name: "legacy", tags: ["monitoring"], password_hash: "AND AGAIN", hashing_algorithm: SHA512 });
  await stack.update(TAGGED);
  expect(stack.password()).toEqual(["AND AGAIN", SHA512]);
  // Tags are the stack's all the same.
  stack.byHand({ name: "legacy", tags: [], password_hash: "AND AGAIN", hashing_algorithm: SHA512 });
  await stack.refresh();
  expect(await stack.changes(TAGGED)).toBe(true);
  await stack.update(TAGGED);
  expect(stack.live()).toMatchObject(TAGGED);
  expect(stack.password()).toEqual(["AND AGAIN", SHA512]);
});

it("another generated one changes nothing for it", async () => {
  const stack = await stackWith({ password_hash: "OWN", hashing_algorithm: SHA512 });
  await stack.create();
  await stack.update({ passwordHash: "GENERATED ANEW" });
  expect(stack.password()).toEqual(["OWN", SHA512]);
});

it("a password that the stack is given is set, and taken back it is a generated one", async () => {
  const stack = await stackWith({ password_hash: "OWN", hashing_algorithm: SHA512 });
  await stack.create();
  const given = { passwordHash: "GIVEN", generated: false };
  expect(await stack.changes(given)).toBe(true);
  await stack.update(given);
  expect(stack.password()).toEqual(["GIVEN", SHA256]);
  expect(stack.state()).not.toHaveProperty("hashingAlgorithm");
  await stack.update();
  expect(stack.password()).toEqual(["GENERATED", SHA256]);
});

it("one that was deleted by hand comes back with its own, and after a refresh as a new user", async () => {
  const stack = await stackWith({ password_hash: "OWN", hashing_algorithm: SHA512 });
  await stack.create();
  stack.byHand(undefined);
  await stack.update(TAGGED);
  expect(stack.password()).toEqual(["OWN", SHA512]);
  stack.byHand(undefined);
  await stack.refresh();
  expect(stack.state()).toEqual({});
  await stack.create();
  expect(stack.password()).toEqual(["GENERATED", SHA256]);
});

it.each([
  ["generated", { passwordHash: "GENERATED", generated: true }],
  ["given", { passwordHash: "GIVEN", generated: false }],
])("of a user that the stack made with a %s one, another is drift, and set back", async (_, made) => {
  const stack = await stackWith();
  await stack.create(made);
  stack.byHand({ name: "legacy", tags: ["monitoring"], password_hash: "BY HAND", hashing_algorithm: SHA512 });
  await stack.refresh();
  expect(await stack.changes(made)).toBe(true);
  await stack.update(made);
  expect(stack.password()).toEqual([made.passwordHash, SHA256]);
  await stack.refresh();
  expect(await stack.changes(made)).toBe(false);
});

it("a given one is refused where the same hash was made with something else", async () => {
  const stack = await stackWith({ password_hash: "GIVEN", hashing_algorithm: SHA512 });
  await expect(stack.create({ passwordHash: "GIVEN", generated: false })).rejects.toThrow(
    /hashingAlgorithm: "rabbit_password_hashing_sha512"/,
  );
  expect(stack.writes()).toBe(0);
});
