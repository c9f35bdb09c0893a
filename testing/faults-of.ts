/** What a conformance run found wrong, as text to compare. */
import type { Report } from "../conformance/report.js";

/** Every message of what did not succeed, and every reason why something was not tried; `""` if all succeeded. */
export const faultsOf = ({ probes }: Report): string =>
  probes
    .flatMap(({ reason, cases }) => [
      ...(reason === undefined ? [] : [reason]),
      ...cases.flatMap(({ result, message }) => (result === "success" ? [] : [message ?? ""])),
    ])
    .join("\n");
