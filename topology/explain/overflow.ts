/** What a queue does when it is full. */
import type { Overflow } from "./fate.js";
import { numeric, text, type Holder } from "./holder.js";

/** Its limits and what leaves; none for a queue without a limit. */
export function overflowOf({ type, settings }: Holder): Omit<Overflow, "departure"> | undefined {
  const [maxLength, maxLengthBytes] = [numeric(settings, "max-length"), numeric(settings, "max-length-bytes")];
  if (maxLength === undefined && maxLengthBytes === undefined) return undefined;
  const asked = text(settings, "overflow");
  // Quorum queues do not know `reject-publish-dlx`, and then drop the head (source: `rabbit_quorum_queue:overflow`).
  const mode = asked === "reject-publish" || (asked === "reject-publish-dlx" && type === "classic") ? asked : "drop-head";
  const late = type === "quorum" && mode === "reject-publish" ? 1 : 0;
  return {
    ...(maxLength === undefined ? {} : { maxLength, holds: maxLength + late }),
    ...(maxLengthBytes === undefined ? {} : { maxLengthBytes }),
    mode,
    message: mode === "drop-head" ? "oldest" : "new",
  };
}
