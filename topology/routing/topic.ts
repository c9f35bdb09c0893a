/** Topic patterns of one exchange in a trie: `*` is exactly one word, `#` any number of words, an empty word is a word. */
import { splitKey, type Word } from "./overlap.js";

class Node<T> {
  readonly words = new Map<string, Node<T>>();
  star: Node<T> | undefined;
  hash: Node<T> | undefined;
  readonly values: T[] = [];
  /** The last step of a search that came here. */
  seen = 0;
  constructor(readonly repeats: boolean) {}
}

/** Enters a node, and what follows it by a `#` of no words. */
function enter<T>(node: Node<T> | undefined, step: number, into: Node<T>[]): void {
  for (let next = node; next && next.seen !== step; next = next.hash) {
    next.seen = step;
    into.push(next);
  }
}

/**
 * Finds the patterns that match a key. All nodes that the words so far can lead to are followed at once, each once per word,
 * so that the time grows with the words and not with the ways in which several `#` can share them.
 */
export class TopicIndex<T> {
  private readonly root = new Node<T>(false);
  private step = 0;

  add(pattern: string, value: T): void {
    let node = this.root;
    for (const word of splitKey(pattern)) {
      if (word === "*") node = node.star ??= new Node<T>(false);
      else if (word === "#") node = node.hash ??= new Node<T>(true);
      else {
        let next = node.words.get(word);
        if (!next) node.words.set(word, (next = new Node<T>(false)));
        node = next;
      }
    }
    node.values.push(value);
  }

  /** `found` gets every value whose pattern matches; not `certain` if that depends on how placeholders are filled in. */
  match(words: readonly Word[], found: (value: T, certain: boolean) => void): void {
    let sure: Node<T>[] = [];
    let maybe: Node<T>[] = [];
    enter(this.root, ++this.step, sure);
    for (const word of words) {
      const step = ++this.step;
      const nextSure: Node<T>[] = [];
      const nextMaybe: Node<T>[] = [];
      for (const node of sure) follow(node, word, step, nextSure);
      // What is certain comes first: a node is entered once.
      for (const node of maybe) follow(node, word, step, nextMaybe);
      if (typeof word !== "string") {
        for (const node of [...sure, ...maybe])
          for (const [literal, next] of node.words) if (word.matches(literal)) enter(next, step, nextMaybe);
      }
      sure = nextSure;
      maybe = nextMaybe;
    }
    for (const node of sure) for (const value of node.values) found(value, true);
    for (const node of maybe) for (const value of node.values) found(value, false);
  }
}

function follow<T>(node: Node<T>, word: Word, step: number, into: Node<T>[]): void {
  if (typeof word === "string") enter(node.words.get(word), step, into);
  enter(node.star, step, into);
  if (node.repeats) enter(node, step, into);
}
