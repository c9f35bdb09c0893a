import { expect, it } from "vitest";
import type { Outcome } from "./bout.js";
import { verdict, type Entry } from "./ledger.js";
import { cell, page, stops } from "./table.js";

const outcome = (subject: string, entries: readonly Entry[], more: Partial<Outcome> = {}): Outcome => ({
  ...{ subject, verdict: verdict(entries, { healedAt: 100 }), crashes: 0, lastWords: [], ends: [], logs: [] },
  ...{ attempts: 0, attemptsAtOnce: 0, peakMegabytes: 50, poison: 0, poisonDead: 0, ...more },
});

const good: Entry[] = [
  { kind: "sent", id: "a", at: 100 },
  { kind: "confirmed", id: "a", at: 350 },
  { kind: "effect", id: "a", at: 1_600 },
];
const bad: Entry[] = [
  { kind: "sent", id: "a", at: 50 },
  { kind: "confirmed", id: "a", at: 60 },
  { kind: "sent", id: "b", at: 110 },
  { kind: "failed", id: "b", at: 120, reason: "timeout" },
];

it("says in a cell what is bad first, and how long it took", () => {
  expect(cell(outcome("x", good))).toBe("0.3 s / 1.5 s");
  expect(cell(outcome("x", bad, { crashes: 1, poison: 3, poisonDead: 1 }))).toBe(
    "**1 lost**<br>**publisher stops**<br>**consumer stops**<br>**2 poison not dead-lettered**<br>1 failed<br>1 death<br>never / never",
  );
  expect(stops(outcome("x", good))).toEqual([]);
});

it("writes a page with the totals of each contestant", () => {
  const scenario = { name: "cut", stands: "The connection is lost." };
  const contestants = ["x", "y", "z"].map((name) => ({ name, version: "1.2.3", settings: "as it comes" }));
  const measured = [
    { scenario, outcomes: [outcome("x", good), outcome("y", bad)] },
    { scenario, outcomes: [outcome("y", bad)] },
  ];
  const written = page(measured, contestants, "two cores");
  expect(written).toContain("In all 2 trials");
  expect(written).toContain("| x | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0.3 s / 1.5 s |");
  expect(written).toContain("| y | 2 | 0 | 2 | 2 | 0 | 0 | 2 | 0 | 0 | 0 | never / never |");
  expect(written).toContain("| cut | n/a | **1 lost**");
  expect(written).toContain("- **z** 1.2.3: as it comes");
});
