/** The broker's regular expressions (PCRE), evaluated in JavaScript: translated where the two differ, refused where they cannot be. */

/** Either a regular expression, or why there is none. `invalid`: the broker would refuse it too. */
export type BrokerRegex = { readonly regex: RegExp } | { readonly fault: string; readonly invalid: boolean };

const POSIX: Readonly<Record<string, string>> = {
  alnum: "A-Za-z0-9",
  alpha: "A-Za-z",
  digit: "0-9",
  lower: "a-z",
  upper: "A-Z",
  punct: "!-\\/:-@\\[-`{-~",
  space: "\\s",
  word: "\\w",
  xdigit: "A-Fa-f0-9",
};

class Untranslatable extends Error {}

/** One escape at `at` (which is the backslash): its translation and its length. */
function escape(pattern: string, at: number, inClass: boolean): [translated: string, length: number] {
  const next = pattern[at + 1];
  if (next === undefined) throw new SyntaxError("it ends with a backslash");
  if (/[^A-Za-z0-9]/.test(next)) return [`\\${next}`, 2];
  if (next === "Q") {
    const end = pattern.indexOf("\\E", at + 2);
    const literal = pattern.slice(at + 2, end < 0 ? undefined : end);
    return [literal.replace(/[\\^$.|?*+()[\]{}/-]/g, "\\$&"), (end < 0 ? pattern.length : end + 2) - at];
  }
  if (next === "E") return ["", 2];
  if (!inClass && next === "A") return ["^", 2];
  if (!inClass && (next === "z" || next === "Z")) return ["$", 2];
  if (next === "h") return [inClass ? " \\t" : "[ \\t]", 2];
  if (/[bBdDwWsSnrtf0-9]/.test(next)) return [`\\${next}`, 2];
  if (next === "x" && /^[0-9A-Fa-f]{2}/.test(pattern.slice(at + 2))) return [`\\x`, 2];
  throw new Untranslatable(`\\${next}`);
}

/** A class from its bracket to the closing one. */
function characterClass(pattern: string, start: number): [translated: string, length: number] {
  let at = start + 1;
  let text = "[";
  if (pattern[at] === "^") {
    text += "^";
    at += 1;
  }
  // A closing bracket that comes first stands for itself in PCRE.
  for (let first = true; at < pattern.length; first = false) {
    const char = pattern[at] as string;
    if (char === "]" && !first) return [`${text}]`, at + 1 - start];
    const posix = /^\[:(\^?)([a-z]+):\]/.exec(pattern.slice(at, at + 16));
    if (posix) {
      const set = POSIX[posix[2] ?? ""];
      if (set === undefined || posix[1]) throw new Untranslatable(posix[0]);
      text += set;
      at += posix[0].length;
    } else if (char === "\\") {
      const [translated, length] = escape(pattern, at, true);
      text += translated;
      at += length;
    } else {
      text += char === "]" || char === "[" ? `\\${char}` : char;
      at += 1;
    }
  }
  throw new SyntaxError("a character class is not closed");
}

function group(pattern: string, at: number): [translated: string, length: number] {
  const rest = pattern.slice(at);
  const plain = /^\((?:\?(?::|=|!|<=|<!|<[A-Za-z_]\w*>))?(?!\?|\*)/.exec(rest);
  if (plain) return [plain[0], plain[0].length];
  const named = /^\(\?P<([A-Za-z_]\w*)>/.exec(rest);
  if (named) return [`(?<${named[1]}>`, named[0].length];
  throw new Untranslatable(rest.slice(0, 4));
}

function translate(pattern: string): RegExp {
  let at = 0;
  let text = "";
  let flags = "";
  const inline = /^\(\?([is]+)\)/.exec(pattern);
  if (inline) {
    flags = [...new Set(inline[1])].join("");
    at = inline[0].length;
  }
  while (at < pattern.length) {
    const char = pattern[at] as string;
    let part: [string, number] = [char, 1];
    if (char === "\\") part = escape(pattern, at, false);
    else if (char === "[") part = characterClass(pattern, at);
    else if (char === "(") part = group(pattern, at);
    else if (char === "+" && /[*+?}]$/.test(text) && !text.endsWith("\\" + text.slice(-1))) throw new Untranslatable("possessive +");
    text += part[0];
    at += part[1];
  }
  return new RegExp(text, flags);
}

function compile(pattern: string): BrokerRegex {
  // Source: `rabbit_re:compile`.
  if (pattern.length > 1024) return { fault: "it has more than 1024 characters", invalid: true };
  try {
    return { regex: translate(pattern) };
  } catch (error) {
    if (error instanceof Untranslatable) return { fault: `Warren cannot evaluate ${error.message} in it`, invalid: false };
    const text = error instanceof Error ? error.message : String(error);
    return { fault: text.replace(/^Invalid regular expression: (?:.*: )?/s, "").toLowerCase(), invalid: true };
  }
}

const cache = new Map<string, BrokerRegex>();
const KEPT = 20_000;

/** The regular expression that the broker makes of a pattern; not anchored unless the pattern is. Never throws. */
export function brokerRegex(pattern: string): BrokerRegex {
  let known = cache.get(pattern);
  if (!known) {
    known = compile(pattern);
    if (cache.size >= KEPT) cache.clear();
    cache.set(pattern, known);
  }
  return known;
}

/** Whether the broker finds the pattern in a name. A pattern that cannot be evaluated matches nothing. */
export function matches(pattern: string, name: string): boolean {
  const compiled = brokerRegex(pattern);
  return "regex" in compiled && compiled.regex.test(name);
}

/** Whether a permission covers a name. An empty one covers nothing (source: `rabbit_auth_backend_internal:check_resource_access`). */
export function permits(permission: string, name: string): boolean {
  return permission !== "" && matches(permission, name);
}

/** `^name$` and `^(one|other)$` match exactly these names; `undefined` for every other pattern. */
export function exactNames(pattern: string): readonly string[] | undefined {
  const inner = /^\^(?:\((?!\?)(.*)\)|(.*))\$$/s.exec(pattern);
  const text = inner?.[1] ?? inner?.[2];
  if (text === undefined) return undefined;
  const names = [""];
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] as string;
    const next = text[at + 1];
    if (char === "\\" && next !== undefined && /[^A-Za-z0-9]/.test(next)) {
      names[names.length - 1] += next;
      at += 1;
    } else if (char === "|" && inner?.[1] !== undefined) names.push("");
    else if (/[\\^$.|?*+()[\]{}]/.test(char)) return undefined;
    else names[names.length - 1] += char;
  }
  return names;
}
