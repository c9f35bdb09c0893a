/** The words that a place in a routing key can have: those that patterns name, those that fit a placeholder, and any other. */
import { fill, placeholders } from "../names.js";
import { fits } from "../routing/overlap.js";
import { MANY, ONE, Patterns, type Alphabet, type Letter, type Token } from "./patterns.js";

const INVENTED = ["other", "another", "something", "anything"];

/** A word that is none of those taken; readable. */
export function invent(taken: ReadonlySet<string>): string {
  for (const word of INVENTED) if (!taken.has(word)) return word;
  for (let count = 2; ; count++) if (!taken.has(`other${count}`)) return `other${count}`;
}

const isWhole = (open: string): boolean => /^\{[A-Za-z][A-Za-z0-9_]*\}$/.test(open);

/** A word with placeholders, each of which is one character or more. */
function characters(open: string): Token[] {
  const tokens: Token[] = [];
  let rest = open;
  for (const name of placeholders(open)) {
    const at = rest.indexOf(`{${name}}`);
    tokens.push(...rest.slice(0, at), ONE, MANY);
    rest = rest.slice(at + name.length + 2);
  }
  return [...tokens, ...rest];
}

const ordinary = [..."xyzabcdefghijklmnopqrstuvw0123456789"];

/** Characters that count, and one that is no dot and none of them. */
const letters: Alphabet = (symbols) => {
  const taken = new Set([...symbols, "."]);
  let other = ordinary.find((character) => !taken.has(character));
  for (let code = 0x100; other === undefined; code++) if (!taken.has(String.fromCodePoint(code))) other = String.fromCodePoint(code);
  return [...symbols.filter((symbol) => symbol !== "."), other].map((symbol) => ({ symbol, opens: new Set() }));
};

/**
 * One word for each way in which words with placeholders can fit together, none of them among `words`.
 * `undefined` if there are too many.
 */
function openLetters(words: readonly string[], opens: readonly string[], invented: string): readonly Letter[] | undefined {
  const of = (word: string): Letter => ({ symbol: word, opens: new Set(opens.filter((open) => fits(open)(word))) });
  // A placeholder for the whole word: any word but the empty one.
  if (opens.every(isWhole)) return [of(invented), ...(words.includes("") ? [] : [of("")])];
  const patterns = new Patterns();
  opens.forEach((open, index) => patterns.add(characters(open), index));
  words.forEach((word) => patterns.add([...word], opens.length));
  const classes = patterns.classes(letters);
  if (!classes) return undefined;
  const taken = new Set(words);
  const readable = [invented, ...opens.map((open) => fill(open, Object.fromEntries(placeholders(open).map((name) => [name, invented]))))]
    .filter((word) => !taken.has(word))
    .map(of);
  return classes
    .filter(({ matched }) => !matched.includes(opens.length))
    .map(({ examples: [shortest = []] }) => {
      const plain = of(shortest.join(""));
      return (
        readable.find((letter) => letter.opens.size === plain.opens.size && [...plain.opens].every((open) => letter.opens.has(open))) ??
        plain
      );
    });
}

/** The alphabet of words; `invented` is what stands for any other. */
export function wordAlphabet(invented: string): Alphabet {
  const known = new Map<string, readonly Letter[] | undefined>();
  return (words, opens) => {
    const named = words.map((symbol) => ({ symbol, opens: new Set(opens.filter((open) => fits(open)(symbol))) }));
    if (opens.length === 0) return [...named, { symbol: invented, opens: new Set() }];
    const id = JSON.stringify([words, opens]);
    if (!known.has(id)) known.set(id, openLetters(words, opens, invented));
    const others = known.get(id);
    return others && [...named, ...others];
  };
}
