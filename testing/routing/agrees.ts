/** Whether what a broker did is what the model says. */
import { isDeepStrictEqual } from "node:util";
import type { Outcome } from "../../topology/routing-regressions.js";
import type { Answer } from "./answer.js";

/** Whether what was observed is what was expected; ends that depend on a choice may be there or not. */
export function agrees(expected: Answer, actual: readonly Outcome[]): boolean {
  const { copies, returned } = expected;
  return copies.every(({ nacked, ends }, copy) => {
    const outcome = actual[copy];
    if (!outcome || outcome.nacked !== nacked || (returned !== undefined && outcome.returned !== returned)) return false;
    const left = [...outcome.ends];
    const take = (end: Outcome["ends"][number]): boolean => {
      const at = left.findIndex((other) => isDeepStrictEqual({ ...other, perhaps: undefined }, { ...end, perhaps: undefined }));
      if (at >= 0) left.splice(at, 1);
      return at >= 0;
    };
    if (!ends.filter(({ perhaps }) => !perhaps).every(take)) return false;
    ends.filter(({ perhaps }) => perhaps).forEach(take);
    return left.length === 0;
  });
}
