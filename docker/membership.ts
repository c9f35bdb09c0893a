/** A node of the dev broker comes, restarts, or goes: what has to happen in the cluster, through the management API and the commands in the containers. */
import { setTimeout as sleep } from "node:timers/promises";
import { BrokerError } from "../broker/faults.js";
import type { Management } from "../broker/management.js";
import type { WirePlacement } from "../broker/wire.js";
import { WarrenError } from "../topology/errors.js";
import { plural } from "../topology/plural.js";
import { FINGERPRINT_LABEL, inside, isRunning, labelOf, said, succeeds } from "./commands.js";
import { changes, type Change, type Group } from "./groups.js";
import { untilInSync } from "./stream-sync.js";

const START_MS = 180_000;
const TURN_MS = 300_000;
const CHANGE_MS = 60_000;

/** What the state keeps of a node. */
export interface NodeSpec {
  /** `rabbit@broker-1` */
  readonly node: string;
  readonly container: string;
  /** The first node's, where commands for the whole cluster run. */
  readonly seat: string;
}

/** Changes whenever the container will be replaced. `alone`: there is no other node that could serve meanwhile. */
export interface TurnSpec {
  readonly container: string;
  readonly node: string;
  readonly fingerprint: string;
  readonly alone: boolean;
}

type Spec = Readonly<Record<string, unknown>>;

/** A node that nobody could do without now is waited for: others are still catching up with it. */
export async function waitForTurn(before: Spec, after: Spec): Promise<void> {
  const was = before as unknown as TurnSpec;
  const { container, node, fingerprint, alone } = after as unknown as TurnSpec;
  if (was.fingerprint === fingerprint || (was.alone && alone) || !(await isRunning(container))) return;
  // It serves nobody: a restart is its repair, and takes nothing from the queues.
  if (!(await succeeds(container, "rabbitmq-diagnostics", "--quiet", "check_running"))) return;
  if ((await labelOf(container, FINGERPRINT_LABEL)) === fingerprint) {
    // Drained for an update that failed before it replaced the container, and that is taken back now.
    await inside(container, "rabbitmq-upgrade", "--quiet", "revive");
    return;
  }
  for (const deadline = Date.now() + TURN_MS; ; await sleep(1000)) {
    try {
      await inside(container, "rabbitmq-diagnostics", "--quiet", "check_if_node_is_quorum_critical");
      break;
    } catch (error) {
      if (Date.now() < deadline) continue;
      throw new WarrenError(
        `Node ${node} is not restarted: for ${TURN_MS / 1000} seconds queues would have lost their majority without it.\n${said(error)}`,
        {
          remedy: `see which nodes are down (docker exec ${container} rabbitmqctl cluster_status) and bring them back; then run the update again`,
        },
      );
    }
  }
  // Leaders and clients go to other nodes in order, rather than by a time-out.
  try {
    await inside(container, "rabbitmq-upgrade", "--quiet", "drain");
  } catch (error) {
    await succeeds(container, "rabbitmq-upgrade", "--quiet", "revive");
    throw new WarrenError(`Node ${node} is not restarted: it could not be drained.\n${said(error)}`, {
      remedy: `docker logs ${container} tells why; then run the update again`,
    });
  }
}

/** An engine that was killed after it drained a node, and before it replaced its container, left it to serve nobody. Gives the names of such nodes. */
export async function reviveDrained(broker: Management, containerOf: (node: string) => string): Promise<string[]> {
  const drained = (await broker.nodes()).filter((node) => node.running && node.being_drained).map(({ name }) => name);
  for (const node of drained) await inside(containerOf(node), "rabbitmq-upgrade", "--quiet", "revive");
  return drained;
}

const STARTING: readonly BrokerError["kind"][] = ["unreachable", "not-rabbitmq", "failed", "credentials", "not-found"];

/** Resolves when the node runs in the cluster and every replicated queue has the members that it asks for. */
export async function joined(broker: Management, spec: Spec): Promise<void> {
  const { node, container, seat } = spec as unknown as NodeSpec;
  let seen = "no answer";
  for (const deadline = Date.now() + START_MS; ; await sleep(250)) {
    try {
      const found = (await broker.nodes()).find(({ name }) => name === node);
      if (found?.running) break;
      seen = found ? "it is down" : "it is not a member";
    } catch (error) {
      if (!(error instanceof BrokerError) || !STARTING.includes(error.kind)) throw error;
      seen = error.fault;
    }
    if (Date.now() > deadline)
      throw new WarrenError(`Node ${node} does not run in its cluster after ${START_MS / 1000} seconds: ${seen}.`, {
        remedy: `docker logs ${container} tells why`,
      });
  }
  const running = (await broker.nodes()).filter((each) => each.running).map(({ name }) => name);
  for (const change of changes(await groupsOf(broker), running)) await apply(broker, seat, change);
}

/**
 * Takes the node out: its queue members go to others, it stops, and the cluster forgets it. What cannot be done without loss is refused.
 * After an interruption it goes on from where it was.
 */
export async function left(broker: Management, spec: Spec): Promise<void> {
  const { node, container, seat } = spec as unknown as NodeSpec;
  // The first node is the last to stay: it goes only with the whole broker.
  if (container === seat) return;
  const nodes = await broker.nodes();
  const own = nodes.find(({ name }) => name === node);
  if (!own) return;
  const staying = nodes.filter(({ name }) => name !== node);
  const down = staying.filter(({ running }) => !running).map(({ name }) => name);
  if (down.length > 0)
    throw new WarrenError(
      `Node ${node} is not taken out of the cluster: ${down.join(", ")} ${down.length === 1 ? "is" : "are"} down, and queues could lose their majority.`,
      {
        remedy: "bring the others back (docker start), or run the update again with as many nodes as before",
      },
    );
  const runs = await isRunning(container);
  const serves = own.running || (await servesAgain(broker, node, container, runs));
  await refuseOnlyCopies(broker, node);
  const all = nodes.map(({ name }) => name);
  // Before the node is drained, which stops its members: of two, the other one alone is no majority, and could not be elected.
  for (const change of changes(await groupsOf(broker), all, [node])) await apply(broker, seat, change);
  if (runs && serves) await inside(container, "rabbitmq-upgrade", "--quiet", "drain");
  // Somebody may have declared a queue meanwhile.
  for (const change of changes(await groupsOf(broker), all, [node])) await apply(broker, seat, change);
  if (runs) await inside(container, "rabbitmqctl", "--quiet", "stop_app");
  // The others take a moment to see that it has stopped.
  const forget = (): Promise<unknown> => inside(seat, "rabbitmqctl", "--quiet", "forget_cluster_node", node);
  await patiently(`cluster still knows node ${node}`, forget, FORGOTTEN);
}

/** Starts what an interrupted run has stopped, where the node has classic queues: nobody else can say whether they are empty. */
async function servesAgain(broker: Management, node: string, container: string, runs: boolean): Promise<boolean> {
  if (!runs || (await onlyCopies(broker, node)).length === 0) return false;
  return await succeeds(container, "rabbitmqctl", "--quiet", "start_app");
}

/** A classic queue is on one node. */
const onlyCopies = async (broker: Management, node: string): Promise<WirePlacement[]> =>
  (await broker.placements()).filter((queue) => queue.type === "classic" && queue.node === node);

async function refuseOnlyCopies(broker: Management, node: string): Promise<void> {
  const here = await onlyCopies(broker, node);
  if (here.length === 0) return;
  const key = (queue: { readonly vhost: string; readonly name: string }): string => JSON.stringify([queue.vhost, queue.name]);
  const names = new Set(here.map(key));
  const full = (await broker.counts()).filter((queue) => names.has(key(queue)) && !queue.exclusive && queue.messages !== 0);
  if (full.length === 0) return;
  const lines = full.map(({ vhost, name, messages }) => {
    const count = messages === undefined ? "an unknown number of messages" : plural(messages, "message");
    return `  classic queue "${name}" in vhost "${vhost}" holds ${count}`;
  });
  throw new WarrenError([`Node ${node} is not taken out of the cluster: what only it has would be lost.`, ...lines].join("\n"), {
    remedy: "let consumers empty them, or delete them, and run the update again",
  });
}

async function groupsOf(broker: Management): Promise<Group[]> {
  return (await broker.placements()).flatMap(({ vhost, name, type, members, arguments: args }) => {
    if (type !== "quorum" && type !== "stream") return [];
    const asked = args[type === "quorum" ? "x-quorum-initial-group-size" : "x-initial-cluster-size"];
    return [{ vhost, name, type, members: members ?? [], asked: typeof asked === "number" ? asked : undefined }];
  });
}

const MEMBER_ALREADY = /already.{0,10}member/i;
const MEMBER_GONE = /not.{0,5}a.{0,5}member/i;
const FORGOTTEN = /not_a_cluster_node|is not in the cluster/i;
/** Deleted meanwhile: what the commands of 4.3 say. Not what Docker says where a program is not found. */
const QUEUE_GONE = /\bnot_found\b|\bqueue\b.{0,80}\bwas not found/i;

async function apply(broker: Management, seat: string, { vhost, name, type, add, remove }: Change): Promise<void> {
  const stream = (verb: string, node: string): Promise<unknown> =>
    inside(seat, "rabbitmq-streams", "--quiet", verb, "--vhost", vhost, name, node);
  const what = `${type} queue "${name}" in vhost "${vhost}"`;
  for (const node of add)
    await patiently(
      `${what} gets no member on ${node}`,
      () => (type === "stream" ? stream("add_replica", node) : broker.addQuorumMember(vhost, name, node)),
      MEMBER_ALREADY,
    );
  for (const node of remove) {
    const keeps = `${what} keeps its member on ${node}`;
    // Of a stream the broker itself does not ask whether the others have all of it.
    const synced = async (): Promise<void> => {
      const { members = [] } = (await broker.placement(vhost, name)) ?? {};
      const staying = [...new Set([...members, ...add])].filter((member) => member !== node);
      await untilInSync(seat, vhost, name, staying);
    };
    if (type === "stream") await patiently(keeps, synced, MEMBER_GONE);
    const work = (): Promise<unknown> =>
      type === "stream" ? stream("delete_replica", node) : broker.removeQuorumMember(vhost, name, node);
    await patiently(keeps, work, MEMBER_GONE);
  }
}

/** A queue takes one change at a time, and none while it has no leader; one that somebody has deleted needs none. */
async function patiently(fault: string, work: () => Promise<unknown>, done: RegExp): Promise<void> {
  for (const deadline = Date.now() + CHANGE_MS; ; await sleep(500)) {
    try {
      await work();
      return;
    } catch (error) {
      const text = said(error);
      if (done.test(text)) return;
      if (error instanceof BrokerError ? error.kind === "not-found" : QUEUE_GONE.test(text)) return;
      if (Date.now() > deadline)
        throw new WarrenError(`The ${fault}: ${text}`, { remedy: "see the broker's log, and run the update again: it goes on from here" });
    }
  }
}
