/** On which nodes the members of replicated queues have to be when a node comes or goes. Pure. */

/** A quorum queue or a stream, as the broker has it. */
export interface Group {
  readonly vhost: string;
  readonly name: string;
  readonly type: string;
  readonly members: readonly string[];
  /** The group size that its arguments ask for. */
  readonly asked?: number | undefined;
}

export interface Change {
  readonly vhost: string;
  readonly name: string;
  readonly type: string;
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

/** What RabbitMQ gives a queue that asks for nothing. */
export const GROUP_SIZE = 3;

/**
 * The changes after which no queue has a member on `leaving` nodes, and each has as many as it asks for, or three, where there are so many nodes.
 * A queue that has more keeps them. New members go where the fewest are.
 */
export function changes(groups: readonly Group[], nodes: readonly string[], leaving: readonly string[] = []): Change[] {
  const staying = nodes.filter((node) => !leaving.includes(node));
  const load = new Map(staying.map((node) => [node, groups.filter(({ members }) => members.includes(node)).length]));
  return groups.flatMap(({ vhost, name, type, members, asked = GROUP_SIZE }) => {
    const remove = members.filter((node) => leaving.includes(node));
    const kept = members.filter((node) => !leaving.includes(node));
    const free = staying.filter((node) => !members.includes(node)).sort((a, b) => (load.get(a) ?? 0) - (load.get(b) ?? 0));
    const add = free.slice(0, Math.max(0, asked - kept.length));
    for (const node of add) load.set(node, (load.get(node) ?? 0) + 1);
    return add.length + remove.length > 0 ? [{ vhost, name, type, add, remove }] : [];
  });
}
