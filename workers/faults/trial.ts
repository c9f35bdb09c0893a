/** A trial: one scenario, for all clients under test at the same time and on the same broker. */
import { setTimeout as sleep } from "node:timers/promises";
import { Bout, until, type Outcome } from "./bout.js";
import type { Ground } from "./ground.js";
import type { Action, Scenario } from "./scenarios.js";
import type { Subject } from "./subject.js";

/** Messages a second, to each publisher: more than that with slow handlers would only measure a backlog. */
const RATE = 50;
const TICK_MS = 20;
/** Messages a second that the test publishes itself after the healing, so that a consumer is not judged by its publisher. */
const OWN_RATE = 10;
const PATIENCE_MS = 10_000;
const OBSERVE_MS = 1_500;
/** For what is on its way when the publishers have stopped. */
const DRAIN_MS = 5_000;
/** For processes that were ended to be connected again; who is not by then is judged by that. */
const READY_MS = 5_000;

/** Holds the scenario; an outcome for each subject, in their order. `quickly`: messages a second, where handlers are quick. */
export async function trial(
  ground: Ground,
  scenario: Scenario,
  subjects: readonly Subject[],
  child: string,
  quickly = RATE,
): Promise<readonly Outcome[]> {
  const rate = scenario.workMs === undefined ? quickly : RATE;
  const bouts: Bout[] = [];
  const timers: NodeJS.Timeout[] = [];
  try {
    const started = await Promise.allSettled(
      subjects.map(async (subject) => {
        bouts.push(await Bout.start(ground, scenario, subject, child));
      }),
    );
    for (const one of started) if (one.status === "rejected") throw one.reason;
    let handedOver = Date.now();
    timers.push(
      setInterval(() => {
        const due = Math.floor(((Date.now() - handedOver) * rate) / 1000);
        handedOver += (due * 1000) / rate;
        for (const bout of bouts) if (!bout.paused) bout.publish(due);
      }, TICK_MS),
    );
    for (const step of scenario.steps) {
      await sleep(step.after);
      await act(step.do, bouts, ground);
    }
    await observe(scenario, bouts);
    for (const timer of timers) clearInterval(timer);
    for (const deadline = Date.now() + DRAIN_MS; bouts.some(({ open }) => open > 0) && Date.now() < deadline;) await sleep(50);
    const outcomes = await Promise.all(bouts.map((bout) => bout.finish()));
    return subjects.flatMap(({ name }) => outcomes.filter(({ subject }) => subject === name));
  } finally {
    for (const timer of timers) clearInterval(timer);
    for (const bout of bouts) await bout.remove();
  }
}

/** Until all have come back, or had the time to. */
async function observe({ patienceMs = PATIENCE_MS, observeMs = OBSERVE_MS }: Scenario, bouts: readonly Bout[]): Promise<void> {
  const began = Date.now();
  for (let time = 0; time < observeMs || (time < patienceMs && bouts.some(({ recovered }) => !recovered)); time = Date.now() - began) {
    await Promise.all(bouts.map((bout) => bout.order([{}])));
    await sleep(1000 / OWN_RATE);
  }
}

async function act(action: Action, bouts: readonly Bout[], ground: Ground): Promise<void> {
  if (action.kind === "healed") {
    for (const bout of bouts) bout.healedAt = Date.now();
    return;
  }
  if (action.kind !== "drain" && action.kind !== "resume" && action.kind !== "ready") for (const bout of bouts) bout.faultAt ??= Date.now();
  const each = (run: (bout: Bout) => Promise<unknown>): Promise<unknown> => Promise.all(bouts.map(run));
  switch (action.kind) {
    case "network":
      for (const bout of bouts) for (const proxy of bout.proxies(action.side)) proxy[action.do]();
      return;
    case "slow":
      for (const bout of bouts) for (const proxy of bout.proxies(action.side)) proxy.slow(action.bytesPerSecond, action.latencyMs);
      return;
    case "broker":
      if (action.do !== "start") for (const bout of bouts) bout.forgetOwn();
      return ground.broker(action.do);
    case "alarm":
      return ground.alarm(action.of, action.on);
    case "node":
      return ground.node(action.do);
    case "queue":
      return void (await each((bout) => (action.do === "delete" ? bout.deleteQueue() : bout.makeQueue())));
    case "killChannel":
      for (const bout of bouts) bout.killChannel(action.of);
      return;
    case "changePassword":
      return void (await each((bout) => bout.changePassword()));
    case "signal":
      for (const bout of bouts) bout.signal(action.signal, action.to);
      return;
    case "ready":
      return until(READY_MS, "the processes to be back", () => bouts.every(({ ready }) => ready)).catch(() => undefined);
    case "drain":
      for (const bout of bouts) bout.paused = true;
      for (const deadline = Date.now() + DRAIN_MS; bouts.some(({ open }) => open > 0) && Date.now() < deadline;) await sleep(20);
      return;
    case "resume":
      for (const bout of bouts) bout.paused = false;
      return;
    case "burst":
      for (const bout of bouts) bout.publish(action.count, action.to);
      return;
    case "order": {
      const { count, act: what, ms } = action;
      const order = { ...(what === undefined ? {} : { act: what }), ...(ms === undefined ? {} : { ms }) };
      return void (await each((bout) => bout.order(Array.from({ length: count }, () => order))));
    }
  }
}
