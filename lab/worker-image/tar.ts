/** What a tar file holds: names and sizes, read from its headers alone. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";

export interface TarEntry {
  /** Without `./` in front. A name of more than 100 characters may be cut. */
  readonly name: string;
  readonly size: number;
}

const BLOCK = 512;

/** The entries of a file that `docker export` or `tar` wrote. */
export function tarEntries(file: string): TarEntry[] {
  const entries: TarEntry[] = [];
  const descriptor = openSync(file, "r");
  try {
    const header = Buffer.alloc(BLOCK);
    const end = fstatSync(descriptor).size;
    for (let at = 0; at + BLOCK <= end;) {
      readSync(descriptor, header, 0, BLOCK, at);
      const text = (from: number, length: number): string => header.toString("utf8", from, from + length).replace(/\0.*$/s, "");
      if (text(0, 100) === "") break;
      const size = Number.parseInt(text(124, 12).trim(), 8) || 0;
      const type = text(156, 1);
      const prefix = text(257, 5) === "ustar" ? text(345, 155) : "";
      // x, g, L and K are about the entry that follows.
      if (!["x", "g", "L", "K"].includes(type))
        entries.push({ name: `${prefix && `${prefix}/`}${text(0, 100)}`.replace(/^\.\//, ""), size });
      at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    }
  } finally {
    closeSync(descriptor);
  }
  return entries;
}
