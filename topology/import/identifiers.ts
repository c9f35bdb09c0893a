/** Names of vhosts as names of constants. */

const RESERVED = new Set(
  (
    "break case catch class const continue debugger default delete do else enum export extends false finally for function if import in instanceof new null return super " +
    "switch this throw true try typeof var void while with yield let static implements interface package private protected public await async of arguments eval undefined " +
    "NaN Infinity topology installation"
  ).split(" "),
);

/** `my-shop/eu` is `myShopEu`; what is no word of the language, and not taken yet. */
export function identifier(name: string, taken: ReadonlySet<string>): string {
  const words = name
    .normalize("NFKD")
    .replace(/[\u0300-\u036f]/g, "")
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== "");
  const camel = words.map((word, index) => (index === 0 ? word[0]?.toLowerCase() : word[0]?.toUpperCase()) + word.slice(1)).join("");
  const base = camel === "" ? "main" : /^\d/.test(camel) ? `vhost${camel}` : camel;
  const free = RESERVED.has(base) ? `${base}Vhost` : base;
  for (let number = 1; ; number += 1) {
    const one = number === 1 ? free : `${free}${number}`;
    if (!taken.has(one)) return one;
  }
}
