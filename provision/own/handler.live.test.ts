// Own resources on a real broker: what is created, adopted, refused, seen, changed and removed, kind by kind.
import { createHash } from "node:crypto";
import { describe, expect, it, onTestFinished } from "vitest";
import { brokerApi, liveBroker, scratchName, scratchVhost } from "../../testing/broker.js";
import { passwordHash, stableSalt } from "../../broker/password.js";
import type { Props } from "./behaviour.js";
import { handler } from "./handler.js";

const run = handler();

async function props(kind: string, spec: Record<string, unknown>): Promise<Props> {
  const { managementUrl: endpoint, username, password } = await liveBroker();
  return { kind, spec, connection: { endpoint, username, password } };
}

const path = (...parts: readonly string[]): string => `/api/${parts.map(encodeURIComponent).join("/")}`;

/** For each kind: an object in a vhost, a change of it, and where the broker shows it. */
const kinds: readonly {
  readonly kind: string;
  readonly spec: Record<string, unknown>;
  /** Merged over the spec. */
  readonly change: Record<string, unknown>;
  readonly replaces: boolean;
  readonly at: (vhost: string) => string;
}[] = [
  {
    kind: "exchange",
    spec: { name: "a@b/c", type: "topic", durable: true, autoDelete: false, internal: true, arguments: { n: 5 } },
    change: { internal: false },
    replaces: true,
    at: (vhost) => path("exchanges", vhost, "a@b/c"),
  },
  {
    kind: "queue",
    spec: { name: "q@1", durable: true, autoDelete: false, arguments: { "x-queue-type": "quorum" } },
    change: { arguments: { "x-queue-type": "classic" } },
    replaces: true,
    at: (vhost) => path("queues", vhost, "q@1"),
  },
  {
    kind: "policy",
    spec: { name: "p", pattern: "^a", applyTo: "queues", priority: 3, definition: { "max-length": 5, "dead-letter-routing-key": "42" } },
    change: { definition: { "max-length": 6 } },
    replaces: false,
    at: (vhost) => path("policies", vhost, "p"),
  },
  {
    kind: "operator-policy",
    spec: { name: "o", pattern: "^a", applyTo: "queues", priority: 3, definition: { expires: 5000 } },
    change: { priority: 4 },
    replaces: false,
    at: (vhost) => path("operator-policies", vhost, "o"),
  },
  {
    kind: "vhost-limits",
    spec: { limits: { "max-connections": 5, "max-queues": 6 } },
    change: { limits: { "max-queues": 7 } },
    replaces: false,
    at: (vhost) => path("vhost-limits", vhost),
  },
  {
    kind: "parameter",
    spec: { component: "federation-upstream", name: "up", value: { uri: "amqp://user:sekret@127.0.0.1:1", "prefetch-count": 5 } },
    change: { value: { uri: "amqp://127.0.0.1:1" } },
    replaces: false,
    at: (vhost) => path("parameters", "federation-upstream", vhost, "up"),
  },
];

describe.each(kinds)("$kind", ({ kind, spec, change, replaces, at }) => {
  it("is created, adopted, read, changed and removed", async () => {
    const { vhost } = await scratchVhost();
    const first = await props(kind, { vhost, ...spec });
    const { id, outs } = await run.create(first);
    expect(await brokerApi("GET", at(vhost))).toBeTruthy();

    // A second create, as after a run that was killed before it could write its state, finds the same.
    expect(await run.create(first)).toEqual({ id, outs });
    expect(await run.diff(id, outs as unknown as Props, first)).toEqual({ changes: false });
    const seen = await run.read(id, outs as unknown as Props);
    expect(seen.id).toBe(id);
    expect(await run.diff(id, seen.props as unknown as Props, first)).toEqual({ changes: false });

    const second = await props(kind, { vhost, ...spec, ...change });
    await expect(run.create(second)).rejects.toThrow(new RegExp(`is on the broker already, and is different: ${Object.keys(change)[0]}: `));
    const diff = await run.diff(id, outs as unknown as Props, second);
    expect(diff).toEqual(replaces ? { changes: true, replaces: ["spec"], deleteBeforeReplace: true } : { changes: true });
    if (replaces) {
      await run.delete(id, outs as unknown as Props);
      await run.create(second);
    } else await run.update(id, outs as unknown as Props, second);

    // Drift: seen from what the state had, not only from what the program says.
    const drifted = await run.read(id, outs as unknown as Props);
    expect((await run.diff(id, drifted.props as unknown as Props, first)).changes).toBe(true);
    expect((await run.diff(id, drifted.props as unknown as Props, second)).changes).toBe(false);

    await run.delete(id, second);
    expect((await run.read(id, second)).id).toBe("");
    await run.delete(id, second);
  });
});

describe("binding", () => {
  it("is identified by all of its parts, whatever characters they have", async () => {
    const { vhost } = await scratchVhost();
    await run.create(
      await props("exchange", { vhost, name: "x/y", type: "headers", durable: true, autoDelete: false, internal: false, arguments: {} }),
    );
    await run.create(
      await props("queue", { vhost, name: "q/r", durable: true, autoDelete: false, arguments: { "x-queue-type": "classic" } }),
    );
    const made = await Promise.all(
      ["", "a/b", "%2F", "a b+c", "~", "#.*", "ä@"].flatMap((routingKey) =>
        [{}, { "x-match": "any", n: 1, b: true }].map((args) =>
          props("binding", { vhost, source: "x/y", destination: "q/r", destinationType: "queue", routingKey, arguments: args }),
        ),
      ),
    );
    for (const one of made) await run.create(one);
    const at = path("bindings", vhost);
    const count = async (): Promise<number> =>
      ((await brokerApi("GET", at)) as { source: string }[]).filter(({ source }) => source === "x/y").length;
    expect(await count()).toBe(made.length);
    for (const [gone, one] of made.entries()) {
      expect((await run.read("id", one)).id).toBe("id");
      await run.delete("id", one);
      expect(await count()).toBe(made.length - gone - 1);
      expect((await run.read("id", one)).id).toBe("");
    }
  });
});

describe("vhost-settings", () => {
  it("are put over those of a vhost that has just been made, and leave a protection in place when they go", async () => {
    const { vhost } = await scratchVhost();
    const wanted = await props("vhost-settings", {
      vhost,
      description: "d",
      tags: ["b", "a"],
      defaultQueueType: "quorum",
      deletionProtection: true,
    });
    const { id, outs } = await run.create(wanted);
    const at = path("vhosts", vhost);
    expect(await brokerApi("GET", at)).toMatchObject({
      description: "d",
      tags: ["b", "a"],
      default_queue_type: "quorum",
      protected_from_deletion: true,
    });
    expect(await run.diff(id, (await run.read(id, outs as unknown as Props)).props as unknown as Props, wanted)).toEqual({
      changes: false,
    });

    await run.delete(id, outs as unknown as Props);
    expect(await brokerApi("GET", at)).toMatchObject({ description: "", tags: [], protected_from_deletion: true });

    await run.update(id, wanted, await props("vhost-settings", { ...wanted.spec, deletionProtection: false }));
    expect(await brokerApi("GET", at)).toMatchObject({ description: "d", protected_from_deletion: false });
  });
});

describe("user", () => {
  const authenticates = async (user: string, password: string): Promise<boolean> => {
    const { managementUrl } = await liveBroker();
    const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
    return (await fetch(`${managementUrl}/api/whoami`, { headers: { authorization } })).ok;
  };
  const user = (name: string, password: string, more: object = {}): Promise<Props> =>
    props("user", { name, tags: ["management"], passwordHash: passwordHash(password, stableSalt("s", name)), generated: false, ...more });

  it("is created with a hash that its password fits, and changed in place", async () => {
    const name = scratchName("user");
    const first = await user(name, "first pässword");
    const { id, outs } = await run.create(first);
    expect(await authenticates(name, "first pässword")).toBe(true);
    expect(outs["passwordHash"]).toBe(first.spec["passwordHash"]);
    const second = await user(name, "second");
    expect(await run.diff(id, outs as unknown as Props, second)).toEqual({ changes: true });
    await run.update(id, outs as unknown as Props, second);
    expect(await authenticates(name, "second")).toBe(true);
    await run.delete(id, second);
    expect((await run.read(id, second)).id).toBe("");
  });

  it("that is there with another given password is refused, without a word of either hash", async () => {
    const name = scratchName("user");
    const live = await user(name, "live");
    const { id } = await run.create(live);
    const other = await user(name, "other");
    const refusal = run.create(other);
    await expect(refusal).rejects.toThrow(/is different: passwordHash: another one\./);
    await expect(refusal).rejects.not.toThrow(String(other.spec["passwordHash"]));
    await run.delete(id, live);
  });

  it("that is there keeps its password where one would be generated, through updates and refreshes", async () => {
    const name = scratchName("user");
    const live = await user(name, "live");
    await run.create(live);
    const generated = await user(name, "generated", { generated: true });
    const { id, outs } = await run.create(generated);
    expect(outs["passwordHash"]).toBe(live.spec["passwordHash"]);
    expect(await authenticates(name, "live")).toBe(true);

    const refreshed = await run.read(id, outs as unknown as Props);
    expect(await run.diff(id, refreshed.props as unknown as Props, generated)).toEqual({ changes: false });
    const tagged = { ...generated, spec: { ...generated.spec, tags: ["management", "monitoring"] } };
    await run.update(id, outs as unknown as Props, tagged);
    expect(await authenticates(name, "live")).toBe(true);

    // Somebody changes it by hand, on a broker that hashes otherwise: it is theirs.
    const salt = Buffer.from([1, 2, 3, 4]);
    const byHand = Buffer.concat([salt, createHash("sha512").update(salt).update("by hand").digest()]).toString("base64");
    const sha512 = { password_hash: byHand, hashing_algorithm: "rabbit_password_hashing_sha512" };
    await brokerApi("PUT", path("users", name), { ...sha512, tags: "management,monitoring" });
    const changed = await run.read(id, { ...tagged, passwordHash: outs["passwordHash"] });
    expect(await run.diff(id, changed.props as unknown as Props, tagged)).toEqual({ changes: false });
    await run.update(id, changed.props as unknown as Props, generated);
    expect(await brokerApi("GET", path("users", name))).toMatchObject({ ...sha512, tags: ["management"] });
    expect(await authenticates(name, "by hand")).toBe(true);
    await run.delete(id, tagged);
  });

  it("has limits of its own", async () => {
    const name = scratchName("user");
    const made = await user(name, "x");
    await run.create(made);
    const limits = await props("user-limits", { user: name, limits: { "max-connections": 3, "max-channels": 4 } });
    const { id, outs } = await run.create(limits);
    const at = path("user-limits", name);
    expect(await brokerApi("GET", at)).toEqual([{ user: name, value: { "max-connections": 3, "max-channels": 4 } }]);
    await run.update(id, outs as unknown as Props, await props("user-limits", { user: name, limits: { "max-channels": 5 } }));
    expect(await brokerApi("GET", at)).toEqual([{ user: name, value: { "max-channels": 5 } }]);
    await run.delete("id", made);
  });
});

describe("permissions and topic permissions", () => {
  it("of a user whose name has an @", async () => {
    const { vhost } = await scratchVhost();
    const name = `${scratchName("user")}@host`;
    await run.create(await props("user", { name, tags: [], passwordHash: "", generated: false }));
    const permission = await props("permissions", { vhost, user: name, configure: "", write: "", read: "" });
    const { id, outs } = await run.create(permission);
    expect(await run.read(id, outs as unknown as Props)).toMatchObject({ id, props: { spec: permission.spec } });
    await run.update(id, permission, await props("permissions", { ...permission.spec, read: "a" }));
    expect(await brokerApi("GET", path("permissions", vhost, name))).toMatchObject({ read: "a" });

    for (const exchange of ["x", "y"]) await brokerApi("PUT", path("exchanges", vhost, exchange), { type: "topic", durable: true });
    const of = (...permissions: object[]): Promise<Props> => props("topic-permissions", { vhost, user: name, permissions });
    const [x, y] = [
      { exchange: "x", write: "a", read: "b" },
      { exchange: "y", write: "c", read: "d" },
    ];
    const both = await of(x, y);
    await run.create(both);
    expect(await run.create(await of(y, x))).toBeTruthy();
    await run.update("id", both, await of({ ...y, write: "e" }));
    expect(await brokerApi("GET", path("topic-permissions", vhost, name))).toMatchObject([{ exchange: "y", write: "e" }]);
    await run.delete("id", await props("user", { name }));
  });
});

describe("every own resource", () => {
  it("takes other credentials in place, without a word to the broker", async () => {
    const { vhost } = await scratchVhost();
    const policy = await props("policy", { vhost, name: "p", pattern: "a", applyTo: "all", priority: 0, definition: { expires: 1000 } });
    const nowhere = { ...policy, connection: { ...policy.connection, endpoint: "http://127.0.0.1:1", password: "other" } };
    expect(await run.diff("id", policy, nowhere)).toEqual({ changes: true });
    expect(await run.update("id", policy, nowhere)).toEqual({ outs: { ...nowhere } });
  });

  it("gives way to, and takes over from, the official provider's", async () => {
    const policy = await props("policy", { vhost: "v", name: "p" });
    const official = { name: "p", vhost: "v", policy: {} } as unknown as Props;
    expect(await run.diff("id", official, policy)).toEqual({ changes: true, replaces: ["spec"], deleteBeforeReplace: true });
  });

  it("says what is wrong without a stack", async () => {
    const policy = await props("policy", { vhost: "v", name: "p" });
    const nowhere = { ...policy, connection: { endpoint: "http://127.0.0.1:1", username: "u", password: "sekret" } };
    const error = await run.delete("id", nowhere).catch((caught: unknown) => caught as Error);
    expect(error).toMatchObject({ message: expect.stringContaining("No broker answers at http://127.0.0.1:1"), stack: "" });
    expect(String(error)).not.toContain("sekret");
  });

  it("of a kind that a newer package made says so", async () => {
    await expect(run.delete("id", await props("shiny", {}))).rejects.toThrow(/knows no resources of kind "shiny".*upgrade/);
  });
});

describe("topic permissions", () => {
  it("are never away while they change, for a user without any may use every key", async () => {
    const { vhost } = await scratchVhost();
    const user = scratchName("user");
    const owner = await props("user", { name: user, tags: [], passwordHash: passwordHash("p", stableSalt("s", user)), generated: false });
    await run.create(owner);
    onTestFinished(() => run.delete("id", owner));
    for (const name of ["x", "y"])
      await run.create(
        await props("exchange", { vhost, name, type: "topic", durable: true, autoDelete: false, internal: false, arguments: {} }),
      );
    const rights = (...permissions: object[]): Promise<Props> => props("topic-permissions", { vhost, user, permissions });
    const first = await rights({ exchange: "x", write: "^a", read: "" }, { exchange: "y", write: "^a", read: "" });
    const { id } = await run.create(first);
    const at = path("topic-permissions", vhost, user);
    const live = async (): Promise<{ exchange: string; write: string }[]> =>
      (await brokerApi("GET", at)) as { exchange: string; write: string }[];

    let changing = true;
    const least = (async () => {
      let seen = Number.POSITIVE_INFINITY;
      while (changing) seen = Math.min(seen, (await live()).filter(({ exchange }) => exchange === "x").length);
      return seen;
    })();
    let before = first;
    for (let turn = 0; turn < 20; turn++) {
      const next = await rights({ exchange: "x", write: `^${turn}`, read: "" });
      await run.update(id, before, next);
      before = next;
    }
    changing = false;
    expect(await least).toBe(1);
    expect(await live()).toMatchObject([{ exchange: "x", write: "^19" }]);
  });
});

describe("credentials of the broker that are others now", () => {
  it("serve for what the state still has with the old ones, at the same address alone", async () => {
    const { vhost } = await scratchVhost();
    const exchange = { vhost, name: "x", type: "topic", durable: true, autoDelete: false, internal: false, arguments: {} };
    const current = await props("exchange", exchange);
    await run.create(current);
    const old: Props = { ...current, connection: { ...current.connection, password: "the one before" } };
    expect(await run.diff("id", current, current)).toEqual({ changes: false });
    await run.delete("id", old);
    expect((await run.read("id", current)).id).toBe("");

    await run.create(current);
    const elsewhere: Props = { ...current, connection: { ...current.connection, endpoint: "http://127.0.0.1:1" } };
    expect(await run.diff("id", elsewhere, current)).toEqual({ changes: true });
    await expect(run.delete("id", elsewhere)).rejects.toThrow(/127\.0\.0\.1:1/);
    const other: Props = { ...current, connection: { ...current.connection, username: "the one before" } };
    await expect(run.delete("id", other)).rejects.toThrow(/the one before/);
    expect(await run.diff("id", other, current)).toEqual({ changes: true });
    await run.delete("id", other);
    expect((await run.read("id", current)).id).toBe("");
  });
});
