// Turns and leaving, with a `docker` program that answers as told: what is done to a node in which state, and in which order.
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { BrokerError } from "../broker/faults.js";
import type { Management } from "../broker/management.js";
import { left, waitForTurn } from "./membership.js";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "warren-docker-"));
  vi.stubEnv("PATH", `${folder}${delimiter}${process.env["PATH"]}`);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** A `docker` that does, for the first pattern that its arguments match, the commands of a shell; for none, nothing. */
function docker(answers: Readonly<Record<string, string>>): void {
  const cases = Object.entries(answers).map(([pattern, commands]) => `*"${pattern}"*) ${commands} ;;`);
  const script = ["#!/bin/sh", `echo "$*" >> "${folder}/calls"`, 'case "$*" in', ...cases, "esac", ""].join("\n");
  writeFileSync(join(folder, "docker"), script);
  chmodSync(join(folder, "docker"), 0o755);
}

/** The commands inside containers, by their container's number. */
const inside = (): string[] =>
  (existsSync(join(folder, "calls")) ? readFileSync(join(folder, "calls"), "utf8") : "").split("\n").flatMap((line) => {
    const [, container, command] = /^exec --user rabbitmq warren-broker-(\d) (.*)$/.exec(line) ?? [];
    return command === undefined ? [] : [`${container} ${command.replace("--quiet ", "")}`];
  });

const CRITICAL = "rabbitmq-diagnostics check_if_node_is_quorum_critical";
const RUNNING = "rabbitmq-diagnostics check_running";

describe("a turn", () => {
  const spec = (fingerprint: string): Record<string, unknown> => ({
    ...{ container: "warren-broker-1", node: "rabbit@broker-1", fingerprint, alone: false },
  });
  const turn = (answers: Readonly<Record<string, string>>): Promise<void> => {
    docker({ "ps --filter": "echo running", inspect: "echo old", ...answers });
    return waitForTurn(spec("old"), spec("new"));
  };

  it("waits until the node is not needed, and drains it", async () => {
    await turn({});
    expect(inside()).toEqual([`1 ${RUNNING}`, `1 ${CRITICAL}`, "1 rabbitmq-upgrade drain"]);
  });

  it("does nothing where nothing changes, and where the container does not run", async () => {
    docker({ "ps --filter": "echo running" });
    await waitForTurn(spec("same"), spec("same"));
    await turn({ "ps --filter": "echo exited" });
    expect(inside()).toEqual([]);
  });

  it("revives a node that was drained for an update that is taken back", async () => {
    await turn({ inspect: "echo new" });
    expect(inside()).toEqual([`1 ${RUNNING}`, "1 rabbitmq-upgrade revive"]);
  });

  it("lets a node be repaired by its restart: one that does not serve is neither waited for nor drained", async () => {
    await turn({ check_running: "exit 69" });
    expect(inside()).toEqual([`1 ${RUNNING}`]);
  });

  it("revives what could not be drained, and says why", async () => {
    await expect(turn({ drain: "echo no such thing >&2; exit 1" })).rejects.toThrow(/rabbit@broker-1 is not restarted[^]*no such thing/);
    expect(inside().at(-1)).toBe("1 rabbitmq-upgrade revive");
  });
});

/** As 4.3's commands say it. */
const GONE = "Object (queue, stream, exchange, etc) was not found";

interface Queue {
  readonly type: string;
  readonly members?: string[];
  readonly node?: string;
}

/** The management API of a cluster of three, as far as leaving asks it. */
function broker(
  queues: Readonly<Record<string, Queue>>,
  { running = true, messages = 0 }: { running?: boolean; messages?: number | null } = {},
) {
  const removed: string[] = [];
  const placements = Object.entries(queues).map(([name, queue]) => ({ vhost: "v", name, arguments: {}, ...queue }));
  const fake = {
    nodes: async () =>
      ["rabbit@broker-0", "rabbit@broker-1", "rabbit@broker-2"].map((name) => ({ name, running: running || name !== "rabbit@broker-2" })),
    placements: async () =>
      placements.map(({ members, ...queue }) => ({
        ...queue,
        ...(members ? { members: members.filter((node) => !removed.includes(`${queue.name} ${node}`)) } : {}),
      })),
    placement: async (_vhost: string, name: string) => placements.find((queue) => queue.name === name),
    counts: async () => placements.map(({ vhost, name }) => ({ vhost, name, ...(messages === null ? {} : { messages }) })),
    removeQuorumMember: async (_vhost: string, name: string, node: string) => {
      if (name === "gone") throw new BrokerError("not-found", "not found", "");
      removed.push(`${name} ${node}`);
    },
  };
  return { management: fake as unknown as Management, removed };
}

describe("a node that leaves", () => {
  const ALL = ["rabbit@broker-0", "rabbit@broker-1", "rabbit@broker-2"];
  const spec = { node: "rabbit@broker-2", container: "warren-broker-2", seat: "warren-broker-0" };
  const STOP = "2 rabbitmqctl stop_app";
  const FORGET = "0 rabbitmqctl forget_cluster_node rabbit@broker-2";

  it("is drained, stopped and forgotten, after its members are gone", async () => {
    docker({ "ps --filter": "echo running" });
    const { management, removed } = broker({ q: { type: "quorum", members: ALL } });
    await left(management, spec);
    expect(removed).toEqual(["q rabbit@broker-2"]);
    expect(inside()).toEqual(["2 rabbitmq-upgrade drain", STOP, FORGET]);
  });

  it("goes on where an interruption stopped it, and is not drained once it is stopped", async () => {
    docker({ "ps --filter": "echo running", "rabbitmq-upgrade": "exit 1" });
    await left(broker({}, { running: false }).management, spec);
    expect(inside()).toEqual([STOP, FORGET]);
  });

  it("is forgotten as soon as the others have seen that it stopped, and not twice", async () => {
    const once = join(folder, "once");
    docker({
      "ps --filter": "echo running",
      forget_cluster_node: `[ -e ${once} ] && exit 0; touch ${once}; echo still running >&2; exit 69`,
    });
    await left(broker({}).management, spec);
    expect(inside().slice(-2)).toEqual([FORGET, FORGET]);
    docker({
      "ps --filter": "echo running",
      forget_cluster_node: "echo '{:not_a_cluster_node, The node selected is not in the cluster.}' >&2; exit 70",
    });
    await left(broker({}).management, spec);
    expect(inside().at(-1)).toBe(FORGET);
  });

  it("is started again where only it can say whether a classic queue is empty; what it does not say is not taken for nothing", async () => {
    docker({ "ps --filter": "echo running" });
    const classic = { c: { type: "classic", node: "rabbit@broker-2" } };
    await left(broker(classic, { running: false }).management, spec);
    expect(inside()).toEqual(["2 rabbitmqctl start_app", "2 rabbitmq-upgrade drain", STOP, FORGET]);
    const unknown = left(broker(classic, { running: false, messages: null }).management, spec);
    await expect(unknown).rejects.toThrow(/classic queue "c" in vhost "v" holds an unknown number of messages/);
  });

  it("does not wait for a queue that somebody deletes meanwhile", async () => {
    docker({
      "ps --filter": "echo running",
      stream_status: `echo '${GONE}' >&2; exit 65`,
      delete_replica: `echo '${GONE}' >&2; exit 65`,
    });
    await left(broker({ gone: { type: "quorum", members: ALL }, s: { type: "stream", members: ALL } }).management, spec);
    expect(inside().at(-1)).toBe(FORGET);
  });

  it("keeps its replica of a stream until those that stay have all of it", async () => {
    const status = (offset: number): string =>
      JSON.stringify([
        ...["rabbit@broker-1", "rabbit@broker-2"].map((node) => ({ role: "replica", node, offset, committed_offset: offset })),
        { role: "writer", node: "rabbit@broker-0", offset: 9, committed_offset: 9 },
      ]);
    const once = join(folder, "once");
    docker({
      "ps --filter": "echo running",
      stream_status: `if [ -e ${once} ]; then echo '${status(9)}'; else touch ${once}; echo '${status(8)}'; fi`,
    });
    await left(broker({ s: { type: "stream", members: ALL } }).management, spec);
    const verbs = inside().flatMap((command) => /stream_status|delete_replica|drain/.exec(command)?.[0] ?? []);
    expect(verbs.slice(0, 3)).toEqual(["stream_status", "stream_status", "delete_replica"]);
  });
});
