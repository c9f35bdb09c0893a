/** Records by collection and id, in memory and in a file to which every change is appended: what was kept once outlives a SIGKILL. */
import { open, readFile, truncate, type FileHandle } from "node:fs/promises";

export interface StoredRecord {
  readonly id: string;
  readonly value: unknown;
}

interface Line {
  readonly collection: string;
  readonly id: string;
  /** Absent where the record is taken away. */
  readonly value?: unknown;
}

export interface Count {
  /** Records that are there. */
  readonly records: number;
  /** Times that one was put, duplicates included; since the process started. */
  readonly writes: number;
}

export class Journal {
  readonly #collections = new Map<string, Map<string, unknown>>();
  readonly #writes = new Map<string, number>();
  #waiting: { readonly text: string; readonly done: (error?: Error) => void }[] = [];
  #flushing: Promise<void> | undefined;

  private constructor(
    private readonly file: FileHandle | undefined,
    private readonly keep: number,
  ) {}

  /** Reads what is there. Without a path it is kept in memory alone; of a collection at most `keep` records, those put anew last. */
  static async open(path: string | undefined, keep = Infinity): Promise<Journal> {
    if (path === undefined) return new Journal(undefined, keep);
    const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return "";
      throw error;
    });
    // A line that a crash cut off was answered to nobody.
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    if (whole.length < text.length) await truncate(path, Buffer.byteLength(whole));
    const journal = new Journal(await open(path, "a"), keep);
    for (const line of whole.split("\n")) if (line !== "") journal.#apply(JSON.parse(line) as Line);
    return journal;
  }

  get(collection: string, id: string): StoredRecord | undefined {
    const records = this.#collections.get(collection);
    return records?.has(id) ? { id, value: records.get(id) } : undefined;
  }

  list(collection: string): StoredRecord[] {
    return [...(this.#collections.get(collection) ?? [])].map(([id, value]) => ({ id, value }));
  }

  counts(): Record<string, Count> {
    return Object.fromEntries(
      [...this.#collections].map(([name, records]) => [name, { records: records.size, writes: this.#writes.get(name) ?? 0 }]),
    );
  }

  /** Resolves when all of it is on the disk. Putting the same again changes nothing. */
  async put(collection: string, records: readonly StoredRecord[]): Promise<void> {
    this.#writes.set(collection, (this.#writes.get(collection) ?? 0) + records.length);
    await this.#write(records.map(({ id, value }) => ({ collection, id, value })));
  }

  async remove(collection: string, id: string): Promise<void> {
    if (this.get(collection, id)) await this.#write([{ collection, id }]);
  }

  async close(): Promise<void> {
    await this.#flushing;
    await this.file?.close();
  }

  async #write(lines: readonly Line[]): Promise<void> {
    if (this.file)
      await new Promise<void>((resolve, reject) => {
        const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
        this.#waiting.push({ text, done: (error) => (error ? reject(error) : resolve()) });
        this.#flushing ??= this.#flush(this.file as FileHandle).finally(() => (this.#flushing = undefined));
      });
    for (const line of lines) this.#apply(line);
  }

  /** All that came meanwhile goes with one sync. */
  async #flush(file: FileHandle): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0);
      let fault: Error | undefined;
      try {
        await file.appendFile(batch.map(({ text }) => text).join(""));
        await file.datasync();
      } catch (error) {
        fault = error as Error;
      }
      for (const { done } of batch) done(fault);
    }
  }

  #apply({ collection, id, ...rest }: Line): void {
    const records = this.#collections.get(collection) ?? new Map<string, unknown>();
    this.#collections.set(collection, records);
    if ("value" in rest) records.set(id, rest.value);
    else records.delete(id);
    // A map has its keys in the order in which they came.
    if (records.size > this.keep) records.delete(records.keys().next().value as string);
  }
}
