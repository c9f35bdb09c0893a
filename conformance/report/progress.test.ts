/** The line that shows a run's progress, on a terminal and elsewhere. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Style } from "../../cli/output.js";
import type { CaseReport } from "../report.js";
import type { Progress } from "../jobs.js";
import { progressPrinter } from "./progress.js";

const plain: Style = (_, text) => text;
const red: Style = (name, text) => (name === "red" ? `<${text}>` : text);

const ended = (probe: string, left: number, result: CaseReport["result"] = "success"): NonNullable<Progress["ended"]> => ({
  ...{ vhost: "shop", probe, left },
  case: { name: "a case", result, seconds: 0.25, evidence: [] },
});

function stream(more: { isTTY?: boolean; columns?: number } = {}) {
  const written: string[] = [];
  return { written, write: (text: string) => written.push(text), ...more };
}

describe("on a terminal", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("one line is drawn in its place, and cleared at the end", () => {
    const terminal = stream({ isTTY: true, columns: 80 });
    const progress = progressPrinter(terminal, plain);
    progress.update({ done: 0, total: 4 });
    progress.update({ done: 1, total: 4, ended: ended("routes", 3) });
    vi.advanceTimersByTime(3000);
    progress.end();
    expect(terminal.written.every((text) => text.startsWith("\r\u001b[2K") && !text.includes("\n"))).toBe(true);
    expect(terminal.written[0]).toContain("░░░░ 0/4  0 s");
    expect(terminal.written[1]).toContain("█████░░░░░░░░░░░░░░░ 1/4  0 s  shop: routes");
    expect(terminal.written.at(-2)).toContain("1/4  3 s  shop: routes");
    expect(terminal.written.at(-1)).toBe("\r\u001b[2K");
    const count = terminal.written.length;
    vi.advanceTimersByTime(3000);
    progress.end();
    expect(terminal.written.length).toBe(count);
  });

  test("what is broken is told at once", () => {
    const terminal = stream({ isTTY: true });
    const progress = progressPrinter(terminal, red);
    progress.update({ done: 1, total: 2, ended: ended("routes", 1, "failure") });
    expect(terminal.written[0]).toMatch(/<.* 1\/2 {2}0 s {2}1 broken {2}shop: routes>$/);
    progress.end();
  });

  test("it is never as wide as the terminal, and holds no control character from outside", () => {
    const terminal = stream({ isTTY: true, columns: 50 });
    const progress = progressPrinter(terminal, plain);
    progress.update({ done: 1, total: 2, ended: ended(`\u001b[2J\n${"long".repeat(30)}`, 1) });
    const line = terminal.written[0]?.slice("\r\u001b[2K".length) ?? "";
    expect(line.length).toBe(49);
    expect(line).not.toMatch(/[\u0000-\u001f]/);
    progress.end();
  });
});

test("elsewhere there is a line at the end of each probe of each topology", () => {
  const log = stream();
  const progress = progressPrinter(log, plain);
  progress.update({ done: 0, total: 5 });
  progress.update({ done: 1, total: 5, ended: ended("routes", 1) });
  progress.update({ done: 2, total: 5, ended: { ...ended("routes", 0), vhost: "other" } });
  progress.update({ done: 3, total: 5, ended: ended("limits", 0, "not-run") });
  progress.update({ done: 4, total: 5, ended: ended("routes", 0, "failure") });
  progress.end();
  expect(log.written).toEqual([
    "✓ kept     other: routes  1 case  250 ms  [2/5]\n",
    "– not run  shop: limits  1 case  250 ms  [3/5]\n",
    "✗ broken   shop: routes  2 cases  500 ms  [4/5]\n",
  ]);
});
