/** The routing model against a real broker: in random topologies every queue's content equals the model's answer, dead letters included. */
import { describe, expect, test } from "vitest";
import { ROUTING_REGRESSIONS, type Outcome } from "../../topology/routing-regressions.js";
import { liveBroker } from "../broker.js";
import { agrees } from "./agrees.js";
import { compareScenes, removed } from "./compare.js";
import { compareRouting, disagreementText } from "./random.js";
import { Summary } from "./summary.js";

/** Fixed in CI, where a change alone should decide; something new elsewhere. */
const SEED = Number(process.env["WARREN_TEST_SEED"] ?? (process.env["CI"] ? 20260101 : Math.floor(Math.random() * 2 ** 31)));
const RUNS = Number(process.env["WARREN_TEST_RUNS"] ?? 300);

/** In which order the queues were looked into tells nothing. */
const inOrder = (outcomes: readonly Outcome[] = []): unknown =>
  outcomes.map(({ ends, ...outcome }) => ({
    ...outcome,
    ends: ends.map((end) => [end.queue, end.deaths.map(({ count }) => count).join(), end]).sort(),
  }));

describe("the routing model agrees with the broker", () => {
  test("in everything in which it once did not", async () => {
    const scenes = ROUTING_REGRESSIONS.map(({ topology, message }) => ({ topology, messages: [message] }));
    const compared = await compareScenes(await liveBroker(), scenes);
    await removed();
    ROUTING_REGRESSIONS.forEach(({ was, expected }, index) => {
      const [said] = compared[index]?.answers ?? [];
      const [done] = compared[index]?.outcomes ?? [];
      expect(inOrder(done), was).toEqual(inOrder(expected));
      expect(said && agrees(said, expected), was).toBe(true);
    });
  });

  test(`in ${RUNS} random topologies of seed ${SEED}`, { timeout: 120_000 + RUNS * 2_000 }, async () => {
    const summary = new Summary();
    const { disagreements } = await compareRouting({ broker: await liveBroker(), runs: RUNS, seed: SEED, shrunk: 1 }, (compared) =>
      summary.see(compared),
    );
    expect(disagreements.map(disagreementText).join("\n\n")).toBe("");
    // A broker that delivers next to nothing would agree with anything.
    const counts = summary.counts();
    expect(counts["copies found in queues"]).toBeGreaterThan(RUNS);
    for (const reason of ["expired", "rejected", "maxlen", "delivery_limit"])
      expect(counts[`deaths: ${reason}`] ?? 0, reason).toBeGreaterThanOrEqual(Math.floor(RUNS / 100));
    for (const what of ["copies returned", "copies nacked", "messages with BCC", "copies with two deaths or more"])
      expect(counts[what] ?? 0, what).toBeGreaterThanOrEqual(Math.floor(RUNS / 100));
  });
});
