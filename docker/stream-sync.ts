/** Whether those replicas of a stream that stay have all that is promised, so that another one may go. */
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { WarrenError } from "../topology/errors.js";
import { inside } from "./commands.js";

const SYNC_MS = 300_000;

/** An offset of an empty stream is -1, or none at all. */
const Offset = z.union([z.number(), z.string(), z.null()]).optional();
/** As `rabbitmq-streams stream_status --formatter json` lists them. */
const Replicas = z.array(z.object({ role: z.string(), node: z.string(), offset: Offset, committed_offset: Offset }));
export type Replica = z.infer<typeof Replicas>[number];

const number = (offset: Replica["offset"]): number => (typeof offset === "number" ? offset : -1);

/** What the writer has promised; `undefined` while there is none. */
export function promised(replicas: readonly Replica[]): number | undefined {
  const writer = replicas.find(({ role }) => role === "writer");
  return writer && number(writer.committed_offset);
}

/** Those of `nodes` that do not have all up to `offset`. */
export const behind = (replicas: readonly Replica[], nodes: readonly string[], offset: number): string[] =>
  nodes.filter((node) => {
    const replica = replicas.find((one) => one.node === node);
    return !replica || number(replica.offset) < offset;
  });

/**
 * Resolves when `staying` nodes have what is promised at the first look; what comes later is on a majority with them.
 * Rejects with what the command says if the stream is gone.
 */
export async function untilInSync(seat: string, vhost: string, name: string, staying: readonly string[]): Promise<void> {
  let target: number | undefined;
  for (const deadline = Date.now() + SYNC_MS; ; await sleep(500)) {
    const text = await inside(seat, "rabbitmq-streams", "--quiet", "stream_status", "--vhost", vhost, name, "--formatter", "json");
    const replicas = Replicas.parse(JSON.parse(text));
    target ??= promised(replicas);
    const late = target === undefined ? staying : behind(replicas, staying, target);
    if (target !== undefined && late.length === 0) return;
    if (Date.now() > deadline)
      throw new WarrenError(
        `stream "${name}" in vhost "${vhost}": ${late.join(", ")} did not catch up with its writer in ${SYNC_MS / 1000} seconds`,
        { remedy: "see the broker's log, and run the update again: it goes on from here" },
      );
  }
}
