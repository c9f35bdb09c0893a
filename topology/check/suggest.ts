/** "Did you mean": what to say of a name or a key that is not there. */
import { nearest } from "../nearest.js";
import { quote, type Fault } from "./rule.js";

/** More than these do not help a reader. */
const MOST = 20;

/** Allowed values and remedy for a word that is none of the candidates. */
export function suggest(word: string, candidates: Iterable<string>, otherwise: string): Pick<Fault, "allowed" | "remedy"> {
  const all = [...new Set(candidates)];
  const meant = nearest(word, all);
  return {
    ...(all.length > 0 && all.length <= MOST ? { allowed: all } : {}),
    remedy:
      meant === undefined ? otherwise : `Did you mean ${quote(meant)}? If not: ${otherwise[0]?.toLowerCase() ?? ""}${otherwise.slice(1)}`,
  };
}
