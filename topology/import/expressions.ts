/** Expressions of permissions as Warren writes them. */

/** The alternatives of `^(a|b)$`, or of `^a$`, as they stand in it; none of an expression that is not anchored so. */
export function alternatives(expression: string): string[] {
  const [, several, one] = /^\^(?:\((?!\?)(.*)\)|(.*))\$$/s.exec(expression) ?? [];
  if (several === undefined) return one === undefined ? [] : [one];
  return several.split(/(?<!\\)\|/);
}
