/** Several nodes that can answer the same: the one that answered last is asked first, for one that is gone without a word costs its whole timeout. */

export class Choice<Node> {
  #answered: Node | undefined;

  constructor(
    private readonly nodes: readonly Node[],
    /** Whether another node may answer where this one failed so. @default always */
    private readonly mayDiffer: (error: unknown) => boolean = () => true,
  ) {}

  /** By the first that answers. Throws the fault of the first that was asked. */
  async ask<T>(question: (node: Node) => Promise<T>): Promise<T> {
    let first: unknown;
    for (const node of this.#order()) {
      try {
        const answer = await question(node);
        this.#answered = node;
        return answer;
      } catch (error) {
        first ??= error;
        if (!this.mayDiffer(error)) break;
      }
    }
    throw first;
  }

  #order(): Node[] {
    const at = this.#answered;
    return at === undefined ? [...this.nodes] : [at, ...this.nodes.filter((node) => node !== at)];
  }
}
