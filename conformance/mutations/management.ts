/** A broker that is not well. */
import type { Mutation } from "../mutation.js";

const topology = { queues: { orders: { type: "quorum", maxLength: 100 } } } as const;
const probe = "management";

export const management: readonly Mutation[] = [
  {
    probe,
    name: "the broker is short of memory",
    topology,
    container: true,
    change: ({ container }) => container().command("rabbitmqctl", "set_vm_memory_high_watermark", "absolute", "1MB"),
    undo: ({ container }) => container().command("rabbitmqctl", "set_vm_memory_high_watermark", "0.6"),
    says: /fails its check alarms \(.*\): There are alarms in effect/,
  },
];
