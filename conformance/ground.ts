/** Where cases run: one vhost of a broker, the plan that it has to keep, and the means to try it. */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Management } from "../broker/index.js";
import type { Plan } from "../topology/compile/plan.js";
import type { Permissions, UserLimits } from "../topology/model.js";
import { router, type Router } from "../topology/routing.js";
import { passwordHash } from "../broker/password.js";
import { Session } from "./amqp.js";
import { Broken } from "./probe.js";
import type { Target } from "./target.js";
import type { Timeout } from "./timeouts.js";

export interface Rights extends Permissions {
  readonly topics?: readonly { readonly exchange: string; readonly write: string; readonly read: string }[];
  readonly limits?: UserLimits;
}

const EVERYTHING: Rights = { configure: ".*", write: ".*", read: ".*" };

export interface GroundOptions {
  readonly target: Target;
  readonly management: Management;
  readonly plan: Plan;
  /** Begins the names of all that the run makes. */
  readonly run: string;
  readonly timeouts: Readonly<Record<Timeout, number>>;
  /** Whether it is a copy, made for the run. */
  readonly copy: boolean;
}

export class Ground {
  readonly target: Target;
  readonly management: Management;
  readonly plan: Plan;
  readonly vhost: string;
  readonly run: string;
  readonly timeouts: GroundOptions["timeouts"];
  readonly copy: boolean;
  readonly router: Router;
  readonly #users: string[] = [];
  readonly #sessions: Session[] = [];
  readonly #made = new Map<string, Promise<unknown>>();
  #session: Promise<Session> | undefined;
  #count = 0;
  #stopped = false;

  constructor({ target, management, plan, run, timeouts, copy }: GroundOptions) {
    this.target = target;
    this.management = management;
    this.plan = plan;
    this.vhost = plan.vhost.name;
    this.run = run;
    this.timeouts = timeouts;
    this.copy = copy;
    this.router = router(plan);
  }

  /** As somebody who may do everything in this vhost. Made at the first call, and the same from then on, unless its connection is lost. */
  async session(): Promise<Session> {
    const session = await (this.#session ??= this.#everything());
    if (!session.closed) return session;
    // Of several who see it at the same time, one makes the next.
    if ((await this.#session) === session) this.#session = this.#everything();
    return this.#session;
  }

  /** One that could not be opened is tried again at the next call. */
  #everything(): Promise<Session> {
    return this.as(EVERYTHING).catch((error: unknown) => {
      this.#session = undefined;
      throw error;
    });
  }

  /** As a new user with these rights, who is gone with the run. */
  async as(rights: Rights): Promise<Session> {
    const { username, password } = await this.user(rights);
    return this.open(username, password);
  }

  /** The same, without a connection yet. */
  async user(rights: Rights = EVERYTHING): Promise<{ readonly username: string; readonly password: string }> {
    if (this.#stopped) throw new Error("the run has ended");
    const name = `${this.run}-${this.#users.length}`;
    this.#users.push(name);
    const password = randomBytes(18).toString("base64url");
    await this.management.putUser(name, { tags: [], passwordHash: passwordHash(password, randomBytes(4)) });
    await this.management.putPermission(this.vhost, name, rights);
    for (const topic of rights.topics ?? []) await this.management.putTopicPermission(this.vhost, name, topic);
    const { maxConnections, maxChannels } = rights.limits ?? {};
    if (maxConnections !== undefined) await this.management.putUserLimit(name, "max-connections", maxConnections);
    if (maxChannels !== undefined) await this.management.putUserLimit(name, "max-channels", maxChannels);
    return { username: name, password };
  }

  /** As a user who is there; at another node's address, if one is given. */
  async open(username: string, password: string, url: string | undefined = this.target.amqpUrl): Promise<Session> {
    if (url === undefined) throw new Error("no AMQP address is known");
    const { ca, cert, key } = this.target.management;
    const session = await Session.open({
      ...{ url, vhost: this.vhost, username, password, timeouts: this.timeouts },
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    });
    this.#sessions.push(session);
    return session;
  }

  /** A message id that no other message of the run has. */
  messageId(): string {
    return `${this.run}.${this.vhost}.${this.#count++}`;
  }

  /** Makes something at the first call, and gives the same to every case that asks. */
  once<T>(name: string, make: () => Promise<T>): Promise<T> {
    const known = this.#made.get(name) ?? make();
    this.#made.set(name, known);
    return known as Promise<T>;
  }

  /** Looks until there is something; throws a Broken that says what was waited for, and what was seen last. */
  async eventually<T>(what: string, look: () => Promise<T | undefined>, ms: number, last?: () => string): Promise<T> {
    for (const deadline = Date.now() + ms; ; await sleep(this.timeouts.poll)) {
      const found = await look();
      if (found !== undefined) return found;
      if (Date.now() > deadline) throw new Broken(`${what}: not within ${ms / 1000} s${last ? `; ${last()}` : ""}`);
    }
  }

  /** Closes every session, and opens no other. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#sessions.map((session) => session.close()));
  }

  /** And removes every user. Gives the names of those that it cannot remove. */
  async close(): Promise<string[]> {
    await this.stop();
    return removeAll(this.#users, "user", (user) => this.management.deleteUser(user));
  }
}

/** Tries each twice: one that cannot be removed must not keep the rest from it. */
export async function removeAll(names: readonly string[], kind: string, remove: (name: string) => Promise<unknown>): Promise<string[]> {
  const left: string[] = [];
  for (const name of names) {
    await remove(name)
      .catch(() => remove(name))
      .catch(() => left.push(`${kind} ${name}`));
  }
  return left;
}
