/** That Prometheus is gone is told after four looks, again each round, and taken back when it answers. Both sides are HTTP servers of the test. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { PrometheusWatch } from "./prometheus-watch.js";

interface Told {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
}

async function server(answer: (body: string) => number): Promise<string> {
  const made = createServer((request, response) => {
    let body = "";
    request.on("data", (more) => (body += String(more)));
    request.on("end", () => response.writeHead(answer(body)).end());
  });
  await new Promise<void>((listening) => made.listen(0, "127.0.0.1", listening));
  onTestFinished(() => {
    made.closeAllConnections();
    made.close();
  });
  return `http://127.0.0.1:${(made.address() as AddressInfo).port}`;
}

const { signal } = new AbortController();

test("four looks without an answer are told, as long as it lasts, and the end of it", async () => {
  let healthy = 200;
  const told: Told[][] = [];
  const log: string[] = [];
  const prometheus = await server(() => healthy);
  const alertmanager = await server((body) => (told.push(JSON.parse(body) as Told[]), 200));
  const watch = new PrometheusWatch({
    ...{ prometheus, alertmanagers: [`${alertmanager}/`], installation: "shop", runbooks: "https://wiki.example/" },
    ...{ interval: 15_000, log: (line) => void log.push(line) },
  });
  await watch.round(signal);
  healthy = 503;
  for (let look = 0; look < 3; look++) await watch.round(signal);
  // One answer in between begins anew.
  healthy = 200;
  await watch.round(signal);
  healthy = 503;
  for (let look = 0; look < 3; look++) await watch.round(signal);
  expect([told, log]).toEqual([[], []]);
  await watch.round(signal);
  await watch.round(signal);
  expect(log).toEqual(["Prometheus: it answers 503; Alertmanager is told"]);
  expect(told.length).toBe(2);
  const [[first], [second]] = told as [[Told], [Told]];
  const instance = new URL(prometheus).host;
  expect(first.labels).toEqual({ alertname: "PrometheusDown", severity: "page", installation: "shop", instance });
  expect(first.annotations["runbook_url"]).toBe("https://wiki.example/PrometheusDown.md");
  expect(second).toMatchObject({ labels: first.labels, startsAt: first.startsAt });
  // Longer than until the next look, so that it does not end in between.
  expect(Date.parse(second.endsAt) - Date.now()).toBeGreaterThan(45_000);
  healthy = 200;
  await watch.round(signal);
  await watch.round(signal);
  expect(told.length).toBe(3);
  expect(Date.parse(told[2]?.[0]?.endsAt ?? "")).toBeLessThanOrEqual(Date.now());
  expect(log.at(-1)).toBe("Prometheus: seen again");
});

test("an Alertmanager that refuses or is away is named once, and the other one is told", async () => {
  let told = 0;
  const log: string[] = [];
  const [refuses, takes] = [await server(() => 400), await server(() => (told++, 200))];
  const watch = new PrometheusWatch({
    ...{ prometheus: "http://127.0.0.1:9", alertmanagers: [refuses, takes], installation: "shop", runbooks: "docs/runbooks" },
    ...{ interval: 1000, log: (line) => void log.push(line) },
  });
  for (let look = 0; look < 6; look++) await watch.round(signal);
  expect(told).toBe(3);
  expect(log).toEqual([
    expect.stringMatching(/^Prometheus: .+; Alertmanager is told$/),
    `Alertmanager ${new URL(refuses).host}: it answers 400`,
  ]);
});
