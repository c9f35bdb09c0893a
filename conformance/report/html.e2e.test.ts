/** The HTML report in a real Chromium, as a file: filters, order, narrow and wide, dark and light, without script and without network. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { getChromium } from "../../lab/chromium.js";
import { step } from "../../lab/steps.js";
import { topologyDiagrams } from "./diagrams.js";
import { htmlReport } from "./html.js";
import { reportSaying, sampleInstallation, sampleReport } from "./sample.js";

let browser: Browser;
let folder: string;
/** What a page asked for or complained about, beside itself. */
let noise: string[] = [];

beforeAll(async () => {
  const executablePath = await step("Chromium", getChromium);
  browser = await chromium.launch({ executablePath });
  folder = mkdtempSync(join(tmpdir(), "warren-report-"));
  writeFileSync(join(folder, "sample.html"), htmlReport(sampleReport(), await topologyDiagrams(sampleInstallation)));
});

afterAll(async () => {
  await browser.close();
  rmSync(folder, { recursive: true });
});

afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
  const heard = noise;
  noise = [];
  expect(heard).toEqual([]);
});

async function open(name = "sample.html", options: BrowserContextOptions & { readonly width?: number } = {}): Promise<Page> {
  const { width = 1280, ...rest } = options;
  const page = await browser.newPage({ viewport: { width, height: 800 }, ...rest });
  const url = pathToFileURL(join(folder, name)).href;
  page.on("request", (request) => void (request.url() === url || noise.push(`request: ${request.url()}`)));
  page.on("console", (message) => noise.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => noise.push(`error: ${error.message}`));
  await page.goto(url);
  return page;
}

const openAll = (page: Page) => page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))");
const visibleCases = (page: Page) => page.locator(".case:visible .name").allInnerTexts();
const probes = (page: Page) => page.locator(".probe:visible h4").allInnerTexts();

describe("what is seen first", () => {
  test("the result, then what is broken, in full; the rest is folded", async () => {
    const page = await open();
    expect(await page.locator("h1").innerText()).toBe("Failure");
    expect((await probes(page)).slice(0, 4)).toEqual(["objects", "routes", "permissions", "retry-ladder"]);
    expect(await page.locator(".case:visible").count()).toBe(3);
    expect(await page.locator(".message:visible").count()).toBe(3);
    expect(await page.locator(".evidence:visible").count()).toBe(3);
    await page.locator(".rest summary").first().click();
    expect(await page.locator(".case:visible").count()).toBe(34);
  });

  test("without a script too, and then without filters", async () => {
    const page = await open("sample.html", { javaScriptEnabled: false });
    expect(await page.locator("#filters").isVisible()).toBe(false);
    expect(await page.locator(".message:visible").count()).toBe(3);
    await page.locator(".probe summary", { hasText: "retry-ladder" }).click();
    expect(await page.getByText("--long waits for it").first().isVisible()).toBe(true);
  });

  test("the diagram has its colours, fits or is scrolled", async () => {
    const page = await open("sample.html", { width: 360 });
    await page.locator(".topology-item summary").first().click();
    const canvas = page.locator(".canvas").first();
    const width = (): Promise<number> => canvas.evaluate((element: { readonly scrollWidth: number }) => element.scrollWidth);
    const fitted = await width();
    await page.getByLabel("full size").first().check();
    expect(await width()).toBeGreaterThan(fitted * 1.5);
    expect(await page.evaluate("getComputedStyle(document.querySelector('.warren-flow .queue polygon')).fill")).toBe("rgb(230, 241, 253)");
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
  });
});

describe("filters", () => {
  test("by result, topology and level, with counts", async () => {
    const page = await open();
    const status = page.getByRole("status");
    expect(await status.innerText()).toBe("16 of 16 promises, 342 of 342 cases");
    await page.getByLabel("kept", { exact: true }).uncheck();
    await page.getByLabel("not run", { exact: true }).uncheck();
    expect(await status.innerText()).toBe("3 of 16 promises, 3 of 342 cases");
    expect(await page.locator(".rest:visible").count()).toBe(0);
    await page.getByLabel("Topology").selectOption("debias");
    expect(await probes(page)).toEqual(["permissions"]);
    await page.getByLabel("broken", { exact: true }).uncheck();
    expect(await page.getByText("Nothing matches these filters.").isVisible()).toBe(true);
    await page.getByRole("button", { name: "Reset" }).click();
    await expect.poll(() => status.innerText()).toBe("16 of 16 promises, 342 of 342 cases");
    await page.getByLabel("Level").selectOption("extended");
    expect(await probes(page)).toEqual(
      Array(2).fill(["tls-versions", "cluster-members", "definitions-survive-a-restart", "priorities"]).flat(),
    );
    expect(await page.locator(".group:visible").count()).toBe(1);
  });

  test("by words in names, messages and evidence, whatever their case; what is found is opened, and folded again", async () => {
    const page = await open();
    const search = page.getByLabel("Search");
    await search.fill("webhook RETRY.2");
    expect(await visibleCases(page)).toEqual(expect.arrayContaining(['queue "events.webhook.retry.2"']));
    expect((await visibleCases(page)).every((name) => /webhook.*retry\.2|retry\.2.*webhook/.test(name))).toBe(true);
    await search.fill("which it does not declare");
    expect(await visibleCases(page)).toEqual(['service "event-api" reads queue "events.neo4j"']);
    await search.fill("NO_ROUTE");
    expect(await probes(page)).toEqual(["unroutable"]);
    await search.fill("");
    expect(await page.locator(".case:visible").count()).toBe(3);
  });

  test("everything is opened and closed by a button", async () => {
    const page = await open();
    await page.getByRole("button", { name: "Open all" }).click();
    expect(await page.locator(".case:visible").count()).toBe(342);
    await page.getByRole("button", { name: "Close all" }).click();
    expect(await page.locator(".case:visible").count()).toBe(0);
  });

  test("by keyboard alone", async () => {
    const page = await open();
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.textContent")).toBe("To the promises");
    await page.keyboard.press("Enter");
    // From the link's target on: the first control is the first filter.
    await page.keyboard.press("Tab");
    await page.keyboard.press("Space");
    expect(await page.getByLabel("broken", { exact: true }).isChecked()).toBe(false);
    expect(await page.locator(".message:visible").count()).toBe(0);
  });
});

test.each([320, 360, 768, 1280])("at %i pixels nothing is wider than the page, also when all is open", async (width) => {
  const page = await open("sample.html", { width });
  await openAll(page);
  expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
});

/** Of every text that is shown: its contrast with what is behind it, by WCAG. */
const CONTRASTS = `(() => {
  const numbers = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number);
  const luminance = ([r, g, b]) => [r, g, b].map((part) => part / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)).reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const [r, g, b, alpha = 1] = numbers(getComputedStyle(one).backgroundColor);
      if (alpha === 1) return [r, g, b];
      if (alpha !== 0) throw new Error("a background that is half transparent");
    }
    throw new Error("no background");
  };
  const found = new Map();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (node.data.trim() === "" || element.closest("svg, script, option") || !element.checkVisibility()) continue;
    const [light, dark] = [luminance(numbers(getComputedStyle(element).color)), luminance(behind(element))].sort((a, b) => b - a);
    const key = (element.className || element.localName) + " in " + (element.parentElement.className || element.parentElement.localName);
    found.set(key, Math.min(found.get(key) ?? 21, (light + 0.05) / (dark + 0.05)));
  }
  return [...found];
})()`;

describe.each(["light", "dark"] as const)("in the %s scheme", (colorScheme) => {
  test("every text can be read", async () => {
    const page = await open("sample.html", { colorScheme });
    await openAll(page);
    const contrasts = await page.evaluate<[string, number][]>(CONTRASTS);
    expect(contrasts.length).toBeGreaterThan(30);
    expect(contrasts.filter(([, contrast]) => contrast < 4.5)).toEqual([]);
    const red = await page.evaluate<number>("Number(getComputedStyle(document.body).backgroundColor.match(/[0-9]+/)[0])");
    expect(red > 128).toBe(colorScheme === "light");
  });
});

test("text that would be markup is text", async () => {
  const text = `"'><img src="x:y" onerror="alert(1)"></style></script></title></pre><script>alert(2)</script><!-- & &lt; \u202e`;
  writeFileSync(join(folder, "hostile.html"), htmlReport(reportSaying(text)));
  writeFileSync(join(folder, "usual.html"), htmlReport(reportSaying("x")));
  const elements = (page: Page): Promise<string[]> =>
    page.evaluate("[...document.querySelectorAll('*')].map(({ localName }) => localName)");
  const page = await open("hostile.html", { width: 320 });
  expect(await elements(page)).toEqual(await elements(await open("usual.html")));
  expect(await page.locator("h4").first().textContent()).toBe(text.replace("\u202e", "\\u202e"));
  expect(await page.title()).toContain("<img");
  expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(320);
  await page.getByLabel("Search").fill("onerror=");
  expect(await page.locator(".probe:visible").count()).toBe(5);
});
