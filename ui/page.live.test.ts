/** The page in a real Chromium, on a real broker. */
import amqp, { type ChannelModel, type ConfirmChannel } from "amqplib";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { brokerApi, scratchVhost, type ScratchVhost } from "../testing/broker.js";
import { launchChromium, provisionObjects, serveUi, TOKEN, type ServedUi } from "../testing/ui-page.js";
import type { Topology } from "../topology/model.js";

let browser: Browser;
let remove: () => Promise<void>;
let broker: ScratchVhost;
let connection: ChannelModel;
let channel: ConfirmChannel;
let topology: Topology;
/** What pages asked of other servers, or complained about. */
let noise: string[] = [];
let served: ServedUi | undefined;

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser.close());

beforeEach(async () => {
  broker = await scratchVhost((after) => (remove = after));
  topology = {
    name: "shop",
    vhost: { name: broker.vhost },
    exchanges: { events: { type: "topic" }, tagged: { type: "headers" }, dlx: { type: "fanout" } },
    queues: {
      orders: {
        type: "quorum",
        from: { events: "order.*" },
        deadLetterTo: "dlx",
        retry: ["5 seconds", "30 seconds"],
        maxLength: 1000,
        deliveryLimit: 5,
      },
      mails: { type: "quorum", from: { events: ["order.paid", "user.#"], tagged: { "x-match": "all", kind: "mail" } } },
      dead: { type: "quorum", from: { dlx: "" }, deliveryLimit: -1 },
    },
    services: { shipping: { consumes: ["orders"] } },
  } as unknown as Topology;
  await provisionObjects(broker, { topologies: [topology] });
  connection = await amqp.connect(broker.vhostUrl);
  channel = await connection.createConfirmChannel();
});

afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
  await served?.close();
  served = undefined;
  await connection.close();
  await remove();
  const heard = noise;
  noise = [];
  expect(heard).toEqual([]);
});

async function open(more: Parameters<typeof serveUi>[2] = {}, options: BrowserContextOptions = {}, token = TOKEN): Promise<Page> {
  served ??= await serveUi(broker, { topologies: [topology] }, more);
  const { origin } = served;
  const page = await browser.newPage({ viewport: { width: 1500, height: 900 }, ...options });
  page.on("request", (request) => void (request.url().startsWith(origin) || noise.push(`request: ${request.url()}`)));
  page.on("console", (message) => void (message.type() === "error" && token === TOKEN && noise.push(`console: ${message.text()}`)));
  page.on("pageerror", (error) => noise.push(`error: ${error.message}`));
  await page.goto(`${origin}/#token=${token}`);
  if (token === TOKEN) await page.locator(".status.ok").waitFor();
  return page;
}

async function publish(exchange: string, key: string, count = 1): Promise<void> {
  for (let number = 0; number < count; number++)
    channel.publish(exchange, key, Buffer.from(`secret body ${number}`), {
      messageId: `m${number}`,
      type: "order",
      contentType: "text/plain",
    });
  await channel.waitForConfirms();
}

/** So many messages of `orders` die. */
async function die(count: number): Promise<void> {
  await publish("events", "order.new", count);
  for (let number = 0; number < count;) {
    const message = await channel.get("orders");
    if (!message) continue;
    channel.nack(message, false, false);
    number++;
  }
  await expect.poll(() => depth("dead"), { timeout: 15_000 }).toBe(count);
}

const depth = async (queue: string): Promise<number> => (await channel.checkQueue(queue)).messageCount;
const box = (page: Page, name: string) => page.locator(`.node.queue[data-id$="queue:${name}"]`);
const lit = async (page: Page): Promise<string[]> => (await page.locator(".node.on-path:not(.label) .name").allInnerTexts()).sort();
const SLOW = { timeout: 30_000 };

describe("numbers", () => {
  test("follow what is published and consumed, on boxes and lines", async () => {
    const page = await open();
    await expect.poll(() => box(page, "orders").locator(".depth").innerText(), SLOW).toBe("0");
    await expect.poll(() => box(page, "orders").getAttribute("class"), SLOW).toContain("forsaken");
    await publish("events", "order.new", 1234);
    await expect.poll(() => box(page, "orders").locator(".depth").innerText(), SLOW).toBe("1,000");
    // Over its limit the first 234 die.
    await expect.poll(() => box(page, "dead").locator(".depth").innerText(), SLOW).toBe("234");
    await expect.poll(() => page.locator(".label.dead-letter .value").innerText(), SLOW).toBe("234");
    await expect.poll(() => page.locator(".line.binding.active").count(), SLOW).toBeGreaterThan(0);
    expect(await box(page, "orders").locator(".fill.high").count()).toBe(1);
    expect(await page.locator(".figure", { hasText: "dead letters" }).innerText()).toBe("234 dead letters");
    await channel.consume("orders", (message) => message && channel.ack(message));
    await expect.poll(() => box(page, "orders").locator(".depth").innerText(), SLOW).toBe("0");
    await expect.poll(() => box(page, "orders").locator(".people").innerText(), SLOW).toContain("1 consumer");
    expect(await box(page, "orders").getAttribute("class")).not.toContain("forsaken");
  });

  test("what differs from the topology is marked, and listed", async () => {
    await brokerApi("DELETE", `/api/queues/${encodeURIComponent(broker.vhost)}/mails`);
    const page = await open();
    await expect.poll(() => box(page, "mails").getAttribute("class"), SLOW).toContain("missing");
    await box(page, "mails").locator(".mark.drift").waitFor();
    await page.locator(".chip.drift").click();
    await page.locator("dialog .notice", { hasText: "queue mails" }).waitFor();
  });

  test("nothing is asked of the broker while nobody looks", async () => {
    const page = await open();
    await expect.poll(() => served?.ui.watch.watchers).toBe(1);
    await page.close();
    await expect.poll(() => served?.ui.watch.watchers).toBe(0);
  });
});

describe("the path of a key", () => {
  test("through the exchange to queues and services, by key and by headers", async () => {
    const page = await open();
    const exchange = page.getByLabel("Exchange", { exact: true });
    await exchange.selectOption({ label: "events · topic" });
    await page.getByLabel("Routing key").fill("order.paid");
    await page.locator(".verdict", { hasText: "Reaches 2 queues" }).waitFor();
    expect(await lit(page)).toEqual(["events", "mails", "orders", "shipping"]);
    await page.getByLabel("Routing key").fill("user.a.b");
    await page.locator(".verdict", { hasText: "Reaches 1 queue." }).waitFor();
    expect(await lit(page)).toEqual(["events", "mails"]);
    await page.getByLabel("Routing key").fill("nothing");
    await page.locator(".verdict.bad", { hasText: "No queue" }).waitFor();
    expect(await lit(page)).toEqual(["events"]);
    await exchange.selectOption({ label: "tagged · headers" });
    await page.getByLabel("Headers").fill("kind=mail");
    await page.locator(".verdict", { hasText: "Reaches 1 queue." }).waitFor();
    expect(await lit(page)).toEqual(["mails", "tagged"]);
    await page.getByRole("button", { name: "Clear" }).click();
    expect(await lit(page)).toEqual([]);
  });
});

describe("a queue that is opened", () => {
  test("arguments, policy, settings with their source, ladder, and its dead letters' queue", async () => {
    const page = await open();
    await box(page, "orders").click();
    const panel = page.locator(".panel");
    await panel.getByText("x-queue-type").waitFor();
    expect(await panel.locator("dt:text-is('winning') + dd").innerText()).toBe("orders");
    expect(await panel.locator("dt:text-is('max-length') + dd").innerText()).toBe('1000policy "orders"');
    expect(await panel.locator("section", { hasText: "Retry ladder" }).locator("tr").allInnerTexts()).toEqual([
      "1\t5 s\torders.retry.1\t0 messages",
      "2\t30 s\torders.retry.2\t0 messages",
    ]);
    await panel.getByRole("button", { name: "dead", exact: true }).click();
    await panel.getByRole("heading", { name: "Last messages" }).waitFor();
    expect(await panel.locator("h2").innerText()).toBe("dead");
  });

  test("dead letters are shown without bodies, the latest first; with them if asked", async () => {
    await die(3);
    const page = await open();
    await box(page, "dead").click();
    await page.locator(".letter").first().waitFor();
    expect(await page.locator(".letter").count()).toBe(3);
    expect(await page.locator(".letter dt:text-is('id') + dd").allInnerTexts()).toEqual(["m2", "m1", "m0"]);
    expect(await page.locator(".panel").innerText()).not.toContain("secret body");
    await page.getByLabel("with bodies").check();
    await expect.poll(() => page.locator(".letter pre").allInnerTexts(), SLOW).toEqual(["secret body 2", "secret body 1", "secret body 0"]);
  });

  test("looking fifty times leaves the queue as it was", async () => {
    await die(4);
    const page = await open();
    const looked = await page.evaluate(
      `(async () => {
        const headers = { authorization: "Bearer ${TOKEN}" };
        const seen = [];
        for (let time = 0; time < 50; time++) {
          const answer = await fetch("/api/letters?vhost=${encodeURIComponent(broker.vhost)}&name=dead", { headers });
          seen.push((await answer.json()).letters.map(({ id }) => id).join());
        }
        return [...new Set(seen)];
      })()`,
    );
    expect(looked).toEqual(["m3,m2,m1,m0"]);
    expect(await depth("dead")).toBe(4);
    const first = await channel.get("dead");
    expect(first && first.properties.messageId).toBe("m0");
    expect(first && first.properties.headers?.["x-delivery-count"]).toBeUndefined();
    if (first) channel.nack(first);
  });

  test("queues of consumers are not looked into", async () => {
    const page = await open();
    const status = await page.evaluate(
      `fetch("/api/letters?vhost=${encodeURIComponent(broker.vhost)}&name=orders", { headers: { authorization: "Bearer ${TOKEN}" } }).then((answer) => answer.status)`,
    );
    expect(status).toBe(409);
    noise = noise.filter((line) => !line.includes("409"));
  });
});

describe("putting dead letters back", () => {
  test("with --write: a dry run with counts, then the deed", async () => {
    await die(3);
    const page = await open({ write: true });
    await box(page, "dead").click();
    await page.getByRole("button", { name: "Put back …" }).click();
    await page.getByText("3 messages would be put back:").waitFor();
    await page.getByText("3 to queue orders").waitFor();
    expect([await depth("dead"), await depth("orders")]).toEqual([3, 0]);
    await page.getByRole("button", { name: "Put back 3 messages" }).click();
    await page.getByText('3 messages of "dead" put back').waitFor();
    await expect.poll(() => depth("orders"), SLOW).toBe(3);
    expect(await depth("dead")).toBe(0);
  });

  test("without --write: no button, and refused by the server", async () => {
    await die(1);
    const page = await open();
    await box(page, "dead").click();
    await page.locator(".letter").first().waitFor();
    expect(await page.getByRole("button", { name: /Put back/ }).count()).toBe(0);
    const answer = await fetch(`${served?.origin}/api/requeue`, {
      method: "POST",
      headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
      body: JSON.stringify({ vhost: broker.vhost, name: "dead" }),
    });
    expect([answer.status, await depth("dead")]).toEqual([403, 1]);
  });
});

test("a wrong token is not let in, and the address keeps none", async () => {
  const page = await open({}, {}, "wrong");
  await page.getByText("Not let in").waitFor();
  expect(await page.locator(".node").count()).toBe(0);
  const right = await open();
  expect(right.url()).toBe(`${served?.origin}/`);
  await right.reload();
  await right.locator(".status.ok").waitFor();
});

test.each(["light", "dark"] as const)("%s: by the system, and by the switch; text can be read", async (colorScheme) => {
  const page = await open({}, { colorScheme });
  const dark = (): Promise<boolean> => page.evaluate("Number(getComputedStyle(document.body).backgroundColor.match(/[0-9]+/)[0]) < 128");
  expect(await dark()).toBe(colorScheme === "dark");
  await page.getByRole("button", { name: colorScheme === "dark" ? "Light" : "Dark", exact: true }).click();
  expect(await dark()).toBe(colorScheme === "light");
  await page.reload();
  await page.locator(".status.ok").waitFor();
  expect(await dark()).toBe(colorScheme === "light");
  await page.getByRole("button", { name: "Auto" }).click();
  expect(await dark()).toBe(colorScheme === "dark");
  await box(page, "orders").click();
  await page.locator(".panel td").first().waitFor();
  const poor = await page.evaluate(CONTRASTS);
  expect(poor).toEqual([]);
});

/** Texts with less contrast than 4.5 to 1. */
const CONTRASTS = `(() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const luminance = ([r, g, b]) => [r, g, b].map((part) => part / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)).reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = (element) => { for (let one = element; one; one = one.parentElement) { const colour = rgba(getComputedStyle(one).backgroundColor); if (colour[3] === 255) return colour; } return [255, 255, 255]; };
  const poor = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (node.data.trim() === "" || element.closest("option, svg") || !element.checkVisibility()) continue;
    const [light, dark] = [luminance(rgba(getComputedStyle(element).color)), luminance(behind(element))].sort((a, b) => b - a);
    const contrast = (light + 0.05) / (dark + 0.05);
    if (contrast < 4.5) poor.push(element.className + " " + node.data + " " + contrast.toFixed(2));
  }
  return poor;
})()`;

describe("the keyboard", () => {
  test("finds by /, goes along the flow by arrows, opens by Enter, and leaves by Esc", async () => {
    const page = await open();
    const focused = (): Promise<string> =>
      page.evaluate("document.activeElement.dataset.id?.split('/')[1] ?? document.activeElement.localName");
    await page.keyboard.press("/");
    await page.keyboard.type("orders");
    await page.locator(".hits", { hasText: "1 box" }).waitFor();
    await page.keyboard.press("ArrowDown");
    expect(await focused()).toBe("queue:orders");
    await page.keyboard.press("ArrowRight");
    expect(await focused()).toMatch(/^(consumer:shipping|exchange:dlx)$/);
    await page.keyboard.press("ArrowLeft");
    expect(await focused()).toBe("queue:orders");
    await page.keyboard.press("ArrowLeft");
    expect(await focused()).toBe("exchange:events");
    await page.keyboard.press("ArrowRight");
    expect(await focused()).toMatch(/^queue:/);
    expect(await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")).toBe("solid");
    await page.keyboard.press("Enter");
    await page.locator(".panel h2").waitFor();
    const opened = await page.locator(".panel h2").innerText();
    await page.keyboard.press("Escape");
    expect(await page.locator(".panel").isVisible()).toBe(false);
    expect(await focused()).toBe(`queue:${opened}`);
    await page.keyboard.press("Escape");
    expect(await page.getByLabel("Search boxes").inputValue()).toBe("");
  });

  test("everything that can have the focus has a name", async () => {
    const page = await open();
    expect(
      await page.evaluate(
        "[...document.querySelectorAll('button, input, select')].filter((one) => !(one.getAttribute('aria-label') || one.textContent.trim())).map((one) => one.outerHTML)",
      ),
    ).toEqual([]);
    await expect.poll(() => box(page, "orders").getAttribute("aria-label"), SLOW).toMatch(/^queue orders, 0 messages/);
  });
});
