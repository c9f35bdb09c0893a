/** Patterns over symbols as one deterministic automaton: all classes of sequences that they tell apart, each with its shortest example. */

/** Exactly one symbol, whatever it is. */
export const ONE = Symbol("one");
/** Any number of symbols. */
export const MANY = Symbol("many");

/** A symbol as it is; one, or many, of any; or one that something else decides about (`open`). */
export type Token = string | typeof ONE | typeof MANY | { readonly open: string };

/** A symbol that stands for all that the patterns at one place do not tell from it. */
export interface Letter {
  readonly symbol: string;
  /** The open tokens that it fits. */
  readonly opens: ReadonlySet<string>;
}

/** From the symbols and open tokens that count at one place to the letters there; `undefined` if they are too many. */
export type Alphabet = (symbols: readonly string[], opens: readonly string[]) => readonly Letter[] | undefined;

/** Sequences that are matched by exactly the same patterns. */
export interface Sequences {
  /** The ids of the patterns, ascending. */
  readonly matched: readonly number[];
  /** One example for each state of the automaton that belongs here, the shortest first. */
  readonly examples: readonly (readonly string[])[];
}

/** Past so many states the answer is that there is none: patterns such as `#.a.#` double them each. */
export const MAX_STATES = 20_000;

/** Examples kept of one class: to choose the most readable from. */
const EXAMPLES = 4;

class Node {
  readonly symbols = new Map<string, Node>();
  readonly opens = new Map<string, Node>();
  one: Node | undefined;
  many: Node | undefined;
  readonly ids: number[] = [];
  constructor(
    readonly number: number,
    /** It stays where it is with every symbol. */
    readonly repeats: boolean,
  ) {}
}

interface State {
  readonly nodes: readonly Node[];
  readonly path: readonly string[];
}

export class Patterns {
  private count = 0;
  private readonly root = this.node(false);

  private node(repeats: boolean): Node {
    return new Node(this.count++, repeats);
  }

  add(tokens: readonly Token[], id: number): void {
    let at = this.root;
    for (const token of tokens) {
      if (token === ONE) at = at.one ??= this.node(false);
      else if (token === MANY) at = at.many ??= this.node(true);
      else {
        const [map, text] = typeof token === "string" ? [at.symbols, token] : [at.opens, token.open];
        const next = map.get(text) ?? this.node(false);
        map.set(text, next);
        at = next;
      }
    }
    at.ids.push(id);
  }

  /**
   * Breadth first over all states. A sequence for which `exists` is false is followed, but is no example.
   * `undefined` if there are more than `MAX_STATES`, or an alphabet is too large.
   */
  classes(alphabet: Alphabet, exists: (sequence: readonly string[]) => boolean = () => true): Sequences[] | undefined {
    const first: State = { nodes: closure([this.root]), path: [] };
    const found = new Map<string, { matched: number[]; examples: (readonly string[])[] }>();
    const known = new Map<string, boolean>([[identity(first.nodes), true]]);
    const queue = [first];
    record(found, first);
    for (const { nodes, path } of queue) {
      const letters = alphabet(...leadingOn(nodes));
      if (!letters) return undefined;
      for (const letter of letters) {
        const next: State = { nodes: step(nodes, letter), path: [...path, letter.symbol] };
        const id = identity(next.nodes);
        const hasExample = known.get(id);
        if (hasExample === true) continue;
        const real = exists(next.path);
        if (real) record(found, next);
        if (hasExample === undefined) {
          if (known.size >= MAX_STATES) return undefined;
          queue.push(next);
        }
        known.set(id, real);
      }
    }
    return [...found.values()];
  }

  /** The ids of the patterns that match one sequence. */
  match(sequence: readonly Letter[]): number[] {
    return matchedBy(sequence.reduce<readonly Node[]>(step, closure([this.root])));
  }
}

function record(found: Map<string, { matched: number[]; examples: (readonly string[])[] }>, { nodes, path }: State): void {
  const matched = matchedBy(nodes);
  const id = matched.join();
  const known = found.get(id);
  if (!known) found.set(id, { matched, examples: [path] });
  else if (known.examples.length < EXAMPLES) known.examples.push(path);
}

const matchedBy = (nodes: readonly Node[]): number[] => [...new Set(nodes.flatMap(({ ids }) => ids))].sort((a, b) => a - b);

const identity = (nodes: readonly Node[]): string => nodes.map(({ number }) => number).join();

/** Whether anything comes of it but what follows by `MANY`, which is looked at by itself. */
const counts = ({ repeats, ids, symbols, opens, one }: Node): boolean =>
  repeats || ids.length > 0 || symbols.size > 0 || opens.size > 0 || one !== undefined;

/** With what follows by `MANY` of no symbols; in order, so that the same nodes are the same state. */
function closure(nodes: readonly Node[]): readonly Node[] {
  const all = new Set<Node>();
  for (const node of nodes) for (let next: Node | undefined = node; next && !all.has(next); next = next.many) all.add(next);
  return [...all].filter(counts).sort((a, b) => a.number - b.number);
}

function step(nodes: readonly Node[], { symbol, opens }: Letter): readonly Node[] {
  const next: Node[] = [];
  for (const node of nodes) {
    const exact = node.symbols.get(symbol);
    if (exact) next.push(exact);
    for (const [open, target] of node.opens) if (opens.has(open)) next.push(target);
    if (node.one) next.push(node.one);
    if (node.repeats) next.push(node);
  }
  return closure(next);
}

/** What the next symbol is compared with. */
function leadingOn(nodes: readonly Node[]): [symbols: string[], opens: string[]] {
  const symbols = new Set<string>();
  const opens = new Set<string>();
  for (const node of nodes) {
    for (const symbol of node.symbols.keys()) symbols.add(symbol);
    for (const open of node.opens.keys()) opens.add(open);
  }
  return [[...symbols], [...opens]];
}
