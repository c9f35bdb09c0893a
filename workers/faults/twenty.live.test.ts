/** Everything that a worker has to survive, on a real broker: nothing lost, nothing unexpected, with the transactional store each effect once. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BreakableBroker } from "../../testing/breakable-broker.js";
import { TestCluster } from "../../testing/cluster.js";
import type { Outcome } from "./bout.js";
import { aloneGround, clusterGround, type Ground } from "./ground.js";
import { bundleChild } from "./run.js";
import { scenarios, type Scenario } from "./scenarios.js";
import { subjectOf } from "./subjects/index.js";
import { trial } from "./trial.js";

/** Messages a second: enough for some to be everywhere on the way at any moment. */
const RATE = 200;

let child: Awaited<ReturnType<typeof bundleChild>>;
beforeAll(async () => void (child = await bundleChild()));
afterAll(() => child.remove());

/** What was not survived, in words; what the processes said goes with it. */
function faultsOf(outcome: Outcome, scenario: Scenario): string[] {
  const { subject, verdict, crashes, lastWords, poison, poisonDead } = outcome;
  const mayDie = scenario.steps.some((step) => step.do.kind === "order" && step.do.act === "crash");
  const found = [
    verdict.lost.length > 0 && `lost: ${verdict.lost.join(", ")}`,
    verdict.unexpected.length > 0 && `unexpected: ${verdict.unexpected.join(", ")}`,
    verdict.discarded.length > 0 && `innocent, in the dead-letter queue: ${verdict.discarded.join(", ")}`,
    verdict.publishMs === undefined && "nothing was published after the fault",
    verdict.processMs === undefined && "nothing was processed after the fault",
    verdict.confirmedYetReturned > 0 && `${verdict.confirmedYetReturned} confirmed and yet returned`,
    poisonDead < poison && `${poison - poisonDead} poisonous messages are not in the dead-letter queue`,
    !mayDie && crashes > 0 && `the process died: ${lastWords.join("\n")}`,
    subject === "warren" && verdict.duplicates > 0 && `${verdict.duplicates} effects took place again`,
  ];
  return found.filter((one) => one !== false).map((one) => `${subject}: ${one}`);
}

async function survives(ground: Ground, scenario: Scenario): Promise<void> {
  const outcomes = await trial(ground, scenario, [await subjectOf("warren"), await subjectOf("warren, no store")], child.file, RATE);
  expect(outcomes.flatMap((outcome) => faultsOf(outcome, scenario))).toEqual([]);
  for (const { verdict } of outcomes) expect(verdict.confirmed).toBeGreaterThan(0);
}

const named = (needs: Scenario["needs"]) =>
  scenarios.filter((scenario) => scenario.needs === needs).map((scenario) => [scenario.name, scenario] as const);

describe("one broker", () => {
  let broker: BreakableBroker;
  beforeAll(async () => void (broker = await BreakableBroker.start()));
  afterAll(() => broker.remove());
  it.each(named(undefined))("%s", (_, scenario) => survives(aloneGround(broker), scenario));
});

describe("a cluster of three", () => {
  let cluster: TestCluster;
  beforeAll(async () => void (cluster = await TestCluster.start()));
  afterAll(() => cluster.remove());
  it.each(named("cluster"))("%s", (_, scenario) => survives(clusterGround(cluster), scenario));
});
