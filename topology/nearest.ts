/** The name that somebody probably meant. */
import { distance } from "fastest-levenshtein";

const plain = (word: string): string => word.toLowerCase().replace(/[^a-z0-9]/g, "");

/**
 * The candidate nearest to a word, if one is near: upper case and punctuation aside, at most two letters differ (as when two are swapped),
 * or a third of a long word, and one of a word of three.
 * The first of several equally near ones.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const sought = plain(word);
  if (sought === "") return undefined;
  let best: string | undefined;
  let least = Math.max(sought.length > 3 ? 2 : 1, Math.floor(sought.length / 3)) + 1;
  for (const candidate of candidates) {
    const away = distance(sought, plain(candidate));
    if (away < least) [best, least] = [candidate, away];
  }
  return best;
}
