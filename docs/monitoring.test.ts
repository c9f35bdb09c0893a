/** The page of alerts is that of today, and every alert has its runbook, and every runbook its alert. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { alerts, PROMETHEUS_DOWN } from "../monitoring/index.js";
import { formatted, PAGE } from "./monitoring.gen.js";

const RUNBOOKS = join(__dirname, "runbooks");
const pages = readdirSync(RUNBOOKS);

test("the page is up to date: npx tsx docs/monitoring.gen.ts writes it anew", async () => {
  expect(readFileSync(PAGE, "utf8")).toBe(await formatted());
});

test("every alert has its page, and every page its alert", () => {
  expect(pages.sort()).toEqual([...alerts.map(({ name }) => name), PROMETHEUS_DOWN].map((name) => `${name}.md`).sort());
});

describe.each(pages)("%s", (page) => {
  const text = readFileSync(join(RUNBOOKS, page), "utf8");

  test("says what it means, what to look at, what to do and what not to do", () => {
    expect(text.startsWith(`# ${page.replace(/\.md$/, "")}\n\n`)).toBe(true);
    expect([...text.matchAll(/^## (.*)$/gm)].map(([, title]) => title)).toEqual(["Look", "Do", "Do not"]);
    for (const section of text.split(/^## .*$/m)) expect(section.trim().length).toBeGreaterThan(40);
  });

  test("links lead to pages", () => {
    for (const [, target] of text.matchAll(/\]\(([^)]+)\)/g)) expect(pages).toContain(target);
  });
});
