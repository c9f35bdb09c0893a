/** What is wrong with the settings, collected, so that all of it is told at once. */
import { WorkerError } from "../errors.js";

export interface Problem {
  readonly fault: string;
  readonly remedy?: string;
}

export class Problems {
  readonly #list: Problem[] = [];

  add(fault: string, remedy?: string): undefined {
    this.#list.push({ fault, ...(remedy === undefined ? {} : { remedy }) });
    return undefined;
  }

  get none(): boolean {
    return this.#list.length === 0;
  }

  throwIfAny(): void {
    if (this.none) return;
    const lines = this.#list.map(({ fault, remedy }) => `  ${fault}${remedy === undefined ? "" : `\n    to do: ${remedy}`}`);
    const count = this.#list.length === 1 ? "A setting of the environment" : `${this.#list.length} settings of the environment`;
    throw new WorkerError("wrong-use", `${count} cannot be used:\n${lines.join("\n")}`);
  }
}
