/** Relays that share one outbox and are killed in the middle of it: nothing is lost, nothing is overtaken, and what comes twice has the same message id. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { expect, test } from "vitest";
import { bundle, runUntilDone } from "../../testing/crash.js";
import { transaction } from "../sqlite.js";
import { sqliteOutbox } from "./sqlite.js";

const ENTRIES = 4000;

test("every entry reaches the broker, whenever the relays are killed", { timeout: 120_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "warren-relay-"));
  try {
    const file = join(folder, "file.db");
    const database = new Database(file);
    const outbox = sqliteOutbox(database);
    const added = new Map<string, { n: number; word: string }>();
    transaction(database, () => {
      for (let n = 0; n < ENTRIES; n += 1) {
        const body = { n, word: `key-${n % 50}` };
        added.set(outbox.add({ message: "order", body, orderBy: body.word }), body);
      }
    });
    const takenBack = (): void => {
      outbox.add({ message: "order", body: "never" });
      throw new Error("no");
    };
    expect(() => transaction(database, takenBack)).toThrow("no");

    const path = bundle(join(__dirname, "relay.crash-child.ts"), folder);
    const broker = join(folder, "broker");
    const died = await Promise.all([runUntilDone(path, [file, broker], 15, 150), runUntilDone(path, [file, broker], 15, 150)]);

    const got = readFileSync(broker, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => ({ id: line.slice(0, 36), body: JSON.parse(line.slice(37)) as { n: number; word: string } }));
    const first = new Map<string, { n: number; word: string }>();
    for (const { id, body } of got) {
      expect(body).toEqual(added.get(id));
      if (!first.has(id)) first.set(id, body);
    }
    expect(first.size).toBe(ENTRIES);
    const last = new Map<string, number>();
    for (const { n, word } of first.values()) {
      expect(n).toBeGreaterThan(last.get(word) ?? -1);
      last.set(word, n);
    }
    // Otherwise nothing was tried. At most what was under way when a relay was killed comes twice.
    expect(died[0] + died[1]).toBeGreaterThan(10);
    expect(got.length - ENTRIES).toBeGreaterThan(0);
    expect(got.length - ENTRIES).toBeLessThanOrEqual((died[0] + died[1]) * 40);
    expect(outbox.counts()).toMatchObject({ waiting: 0, parked: 0 });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
