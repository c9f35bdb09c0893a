// Takes the pictures of docs/ui.md: node lab/start.mjs exec npx tsx docs/ui.gen.ts. It starts a broker of its own, fills it, and looks at it in Chromium.
// Fails where one cannot be taken, or the page complains.
import amqp from "amqplib";
import { mkdirSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Browser, Page } from "playwright-core";
import { callBroker, type LiveBroker } from "../testing/broker-api.js";
import { openBroker } from "../testing/live-setup.js";
import { launchChromium, provisionObjects, serveUi } from "../testing/ui-page.js";
import { contextiq } from "../topology/systems/contextiq.js";
import { debias } from "../topology/systems/debias.js";
import { Alertmanager } from "../ui/index.js";

const SIZE = { width: 1600, height: 1000 };

/** Consumers, a stream of messages, some dead letters, one difference from the topology. */
async function fill(broker: LiveBroker): Promise<() => Promise<void>> {
  const connection = await amqp.connect(`${broker.amqpUrl}/debias`);
  const channel = await connection.createConfirmChannel();
  await channel.prefetch(20);
  let [seen, ended] = [0, false];
  await channel.consume("events.neo4j", (message) => {
    if (!message) return;
    setTimeout(() => {
      if (ended) return;
      if (++seen % 40 === 0) channel.nack(message, false, false);
      else channel.ack(message);
    }, 80);
  });
  for (let number = 0; number < 8; number++)
    channel.publish("events", "", Buffer.from(JSON.stringify({ number })), {
      messageId: `event-${number}`,
      type: "event",
      contentType: "application/json",
    });
  const timer = setInterval(() => {
    for (let number = 0; number < 3; number++)
      channel.publish("events", "", Buffer.from(JSON.stringify({ seen })), {
        messageId: `event-${seen}-${number}`,
        type: "event",
        contentType: "application/json",
      });
  }, 250);
  await callBroker(broker, "PUT", "/api/policies/debias/events.qdrant", {
    pattern: "^events\\.qdrant$",
    "apply-to": "quorum_queues",
    priority: 10,
    definition: { "max-length": 1000 },
  });
  return async () => {
    clearInterval(timer);
    ended = true;
    await connection.close();
  };
}

async function alertmanager(): Promise<{ url: string; close: () => void }> {
  const alerts = [
    {
      labels: { alertname: "QueueWithoutConsumers", severity: "page", vhost: "debias", queue: "events.qdrant" },
      annotations: { summary: "events.qdrant has no consumer, and its service promises one" },
      startsAt: new Date(Date.now() - 300_000).toISOString(),
    },
  ];
  const server = createServer((_, answer) => answer.setHeader("content-type", "application/json").end(JSON.stringify(alerts)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => void server.close() };
}

/** A page, and what goes wrong on it into `faults`. */
async function openPage(browser: Browser, colorScheme: "light" | "dark", faults: string[]): Promise<Page> {
  const page = await browser.newPage({ viewport: SIZE, colorScheme });
  page.on("console", (message) => void (message.type() === "error" && faults.push(`${colorScheme}: console: ${message.text()}`)));
  page.on("pageerror", (error) => void faults.push(`${colorScheme}: ${error.message}`));
  return page;
}

export async function pictures(broker: LiveBroker, folder: string): Promise<void> {
  const installation = { topologies: [debias] };
  await provisionObjects(broker, installation, true);
  await provisionObjects(broker, { topologies: [contextiq] }, true);
  const stop = await fill(broker);
  const alerts = await alertmanager();
  const served = await serveUi(broker, installation, { alertmanager: new Alertmanager(alerts.url), pause: 5000, write: true });
  const large = await serveUi(broker, { topologies: [contextiq] }, { pause: 5000 });
  const browser = await launchChromium();
  const faults: string[] = [];
  mkdirSync(folder, { recursive: true });
  try {
    for (const colorScheme of ["light", "dark"] as const) {
      const page = await openPage(browser, colorScheme, faults);
      await page.goto(served.url);
      await page.locator(".status.ok").waitFor();
      if (colorScheme === "light") await sleep(16_000);
      await page.getByRole("button", { name: /dead-letter queue/ }).click();
      await page.locator(".letter").first().waitFor();
      await page.getByLabel("Exchange", { exact: true }).selectOption({ label: "events · fanout" });
      await page.getByLabel("Routing key", { exact: true }).press("Enter");
      await page.locator(".verdict", { hasText: "Reaches" }).waitFor();
      await page.locator(".mark.drift").first().waitFor();
      await sleep(6000);
      await page.screenshot({ path: join(folder, `ui-${colorScheme}.png`) });
      await page.close();
      const overview = await openPage(browser, colorScheme, faults);
      await overview.goto(large.url);
      await overview.locator(".status.ok").waitFor();
      await overview.getByRole("button", { name: "Fit" }).click();
      await sleep(1500);
      await overview.screenshot({ path: join(folder, `ui-contextiq-${colorScheme}.png`) });
      await overview.close();
    }
    if (faults.length > 0) throw new Error(`The page complains:\n${faults.join("\n")}`);
  } finally {
    await browser.close();
    await served.close();
    await large.close();
    alerts.close();
    await stop();
  }
}

async function main(): Promise<void> {
  const { broker, remove } = await openBroker();
  try {
    await pictures(broker, __dirname);
  } finally {
    await remove();
  }
}

if (require.main === module) void main();
