/**
 * How smoothly the page of `warren ui` moves with 500 queues: times between frames in Chromium while the board is scrolled and all its numbers change,
 * beside the same while nothing happens; and what a refresh costs the server and the broker. `npm run bench:ui`
 */
import { Command } from "commander";
import { setTimeout as sleep } from "node:timers/promises";
import type { Page } from "playwright-core";
import { callBroker } from "../testing/broker-api.js";
import { openBroker } from "../testing/live-setup.js";
import { launchChromium, managementOf, provisionObjects, serveUi } from "../testing/ui-page.js";
import type { Topology } from "../topology/model.js";
import { Atlas } from "../ui/index.js";

const options = new Command("npm run bench:ui --")
  .description("Measures the frame times of the page.")
  .option("--queues <number>", "queues", "500")
  .option("--seconds <number>", "of each measurement", "10")
  .option("--json", "print JSON")
  .parse()
  .opts<{ queues: string; seconds: string; json?: boolean }>();

const [queues, seconds] = [Number(options.queues), Number(options.seconds)];

const topology = {
  name: "bench-ui",
  vhost: { name: "bench-ui" },
  exchanges: { events: { type: "topic" }, dlx: { type: "fanout" } },
  queues: {
    ...Object.fromEntries(
      Array.from({ length: queues }, (_, number) => [
        `queue.${number}`,
        { type: "classic", from: { events: `area.${number % 50}.kind.${number}` }, deadLetterTo: "dlx", maxLength: 10_000 },
      ]),
    ),
    dead: { type: "quorum", from: { dlx: "" } },
  },
  services: Object.fromEntries(
    Array.from({ length: Math.ceil(queues / 10) }, (_, service) => [
      `service-${service}`,
      { consumes: Array.from({ length: Math.min(10, queues - service * 10) }, (_, at) => `queue.${service * 10 + at}`) },
    ]),
  ),
} as unknown as Topology;

interface Frames {
  readonly what: string;
  readonly frames: number;
  readonly median: number;
  readonly p95: number;
  readonly p99: number;
  readonly longest: number;
  /** Longer than two frames of 60 a second. */
  readonly late: number;
}

/** Milliseconds from one frame to the next; `move` scrolls in each of them. */
async function frames(page: Page, what: string, move: boolean): Promise<Frames> {
  const deltas = await page.evaluate<number[]>(`new Promise((resolve) => {
    const view = document.querySelector(".viewport");
    const deltas = [];
    let [last, began, down] = [0, 0, 1];
    const frame = (now) => {
      if (last !== 0) deltas.push(now - last);
      else began = now;
      last = now;
      if (${move}) {
        const before = view.scrollTop;
        view.scrollTop += 24 * down;
        view.scrollLeft += 3 * down;
        if (view.scrollTop === before) down = -down;
      }
      if (now - began < ${seconds * 1000}) requestAnimationFrame(frame);
      else resolve(deltas);
    };
    requestAnimationFrame(frame);
  })`);
  const sorted = deltas.toSorted((a, b) => a - b);
  const at = (share: number): number => Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0) * 10) / 10;
  return {
    what,
    frames: sorted.length,
    median: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    longest: at(1),
    late: sorted.filter((delta) => delta > 34).length,
  };
}

async function main(): Promise<void> {
  const { broker, remove } = await openBroker();
  try {
    const installation = { topologies: [topology] };
    await provisionObjects(broker, installation);
    const began = performance.now();
    const atlas = await Atlas.of(installation);
    const layoutMs = performance.now() - began;

    const management = managementOf(broker);
    await management.traffic("bench-ui");
    const asked = performance.now();
    const read = await management.traffic("bench-ui");
    const queuesMs = performance.now() - asked;
    await management.close();

    const served = await serveUi(broker, installation, { atlas, pause: 5000 });
    const browser = await launchChromium();
    const measured: Frames[] = [];
    try {
      const page = await browser.newPage({ viewport: { width: 1500, height: 900 } });
      const opened = performance.now();
      await page.goto(served.url);
      await page.locator(".status.ok").waitFor();
      const openMs = performance.now() - opened;
      await sleep(2000);
      measured.push(await frames(page, "at rest", false));
      measured.push(await frames(page, "scrolled", true));
      // Every number changes once a second, five times as often as with a broker, and one line in twenty begins or ends to carry messages.
      const { watch } = served.ui;
      let round = 0;
      const timer = setInterval(() => {
        round++;
        const nodes = Object.fromEntries(
          atlas.scene.nodes.flatMap(({ id, kind }) =>
            kind === "queue"
              ? [[id, { depth: round * 7, in: round % 90, out: round % 70, consumers: round % 5, full: (round % 10) / 10 }]]
              : [],
          ),
        );
        const edges = Object.fromEntries(atlas.scene.edges.filter((_, at) => at % 20 === 0).map(({ id }) => [id, round % 2]));
        watch.emit("live", { at: Date.now(), nodes, edges, totals: { messages: round, deadLetters: 0, in: 0, out: 0, consumers: 0 } });
      }, 1000);
      measured.push(await frames(page, "refreshed each second", false));
      measured.push(await frames(page, "scrolled and refreshed each second", true));
      clearInterval(timer);
      const report = {
        queues,
        boxes: atlas.scene.nodes.length,
        lines: atlas.scene.edges.length,
        layoutMs,
        queuesMs,
        read: read?.length,
        openMs,
        measured,
      };
      if (options.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
      else {
        const ms = (value: number): string => `${Math.round(value)} ms`;
        process.stdout.write(
          `${[
            `${queues} queues, ${report.boxes} boxes and labels, ${report.lines} lines; laid out in ${ms(layoutMs)}; opened in ${ms(openMs)}; the broker lists its queues in ${ms(queuesMs)}`,
            "",
            "| what | frames/s | median ms | p95 ms | p99 ms | longest ms | over 34 ms |",
            "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
            ...measured.map(
              ({ what, frames: count, median, p95, p99, longest, late }) =>
                `| ${what} | ${Math.round(count / seconds)} | ${median} | ${p95} | ${p99} | ${longest} | ${late} |`,
            ),
          ].join("\n")}\n`,
        );
      }
    } finally {
      await browser.close();
      await served.close();
    }
  } finally {
    await callBroker(broker, "DELETE", "/api/vhosts/bench-ui");
    await remove();
  }
}

void main();
