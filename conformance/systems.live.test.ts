// The five systems on a live broker keep every promise that they make; the profiles leave alone what they have to.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Management } from "../broker/index.js";
import { brokerApi, scratchName } from "../testing/broker.js";
import { liveTarget, provisionLive } from "../testing/provision-live.js";
import { systems } from "../topology/systems/index.js";
import type { Report } from "./report.js";
import { conform } from "./run.js";
import { RUN_PREFIX } from "./sweep.js";
import type { Target } from "./target.js";

/** Of contextiq in full, on two cores. */
const CONTEXTIQ_SECONDS = 90;

let management: Management;
beforeAll(async () => {
  const target = await liveTarget({ topologies: [] });
  management = new Management(target.management);
});
afterAll(() => management.close());

/** Cases that were broken, or could not be tried. */
const casesThatFail = ({ probes }: Report): string[] =>
  probes.flatMap(({ name, cases }) =>
    cases.flatMap(({ name: one, result, message = "" }) => (result === "success" ? [] : [`${name}, ${one}: ${message}`])),
  );

/** What of the broker a run could leave behind or change. */
async function inventory(vhost: string): Promise<unknown> {
  const names = (list: readonly { readonly name: string }[]): string[] => list.map(({ name }) => name).sort();
  return {
    vhosts: names(await management.vhosts()),
    users: names(await management.users()),
    definitions: await management.rawDefinitions(vhost),
  };
}

/** How many messages were published to the vhost: one more is, and the statistics, which are some seconds old, are read when they have it. */
async function published(vhost: string): Promise<number> {
  const at = encodeURIComponent(vhost);
  const marker = { properties: {}, routing_key: "warren-nowhere", payload: "", payload_encoding: "string" };
  await brokerApi("POST", `/api/exchanges/${at}/amq.default/publish`, marker);
  const count = async (): Promise<number> => {
    const { message_stats: stats } = (await brokerApi("GET", `/api/vhosts/${at}`)) as { message_stats?: { publish?: number } };
    return stats?.publish ?? 0;
  };
  await expect.poll(count, { timeout: 30_000, interval: 250 }).toBeGreaterThan(0);
  return (await count()) - 1;
}

describe.each(Object.entries(systems))("%s", (name, system) => {
  let target: Target;
  let vhost: string;
  let remove: (() => Promise<void>) | undefined;
  beforeAll(async () => {
    vhost = scratchName(name);
    const installation = { topologies: [{ ...system, name: vhost }] };
    remove = await provisionLive(management, installation);
    target = await liveTarget(installation);
  });
  afterAll(() => remove?.());

  it("keeps its promises in full", async () => {
    const report = await conform(target, { profile: "full" });
    expect(casesThatFail(report)).toEqual([]);
    expect(report.result).toBe("success");
    const slowest = [...report.probes].sort((a, b) => b.seconds - a.seconds).slice(0, 5);
    console.log(
      `${name}: ${report.seconds} s, ${report.counts.success} cases; ${slowest.map((one) => `${one.name} ${one.seconds.toFixed(1)} s`).join(", ")}`,
    );
    if (name === "contextiq") expect(report.seconds).toBeLessThan(CONTEXTIQ_SECONDS);
  });
});

describe("a broker that is in use", () => {
  let vhost: string;
  let target: Target;
  let remove: (() => Promise<void>) | undefined;
  beforeEach(async () => {
    vhost = scratchName("in-use");
    const installation = { topologies: [{ ...systems["fo-analytics"], name: vhost }] };
    remove = await provisionLive(management, installation);
    target = await liveTarget(installation);
  });
  afterEach(() => remove?.());

  it("is as it was after profile probe, and nothing was published to it", async () => {
    const before = await inventory(vhost);
    const report = await conform(target, { profile: "probe" });
    expect(casesThatFail(report)).toEqual([]);
    expect(report.result).toBe("success");
    expect(await inventory(vhost)).toEqual(before);
    expect(JSON.stringify(before)).not.toContain(RUN_PREFIX);
    expect(await published(vhost)).toBe(0);
  });

  it("has nothing published to it by profile read-only, which makes neither vhosts nor users", async () => {
    const before = await inventory(vhost);
    const seen = new Set<string>();
    const looking = setInterval(() => void management.vhosts().then((all) => all.forEach(({ name }) => seen.add(name))), 100);
    // Without an address there is nothing that it could publish to.
    const report = await conform({ installation: target.installation, management: target.management }, { profile: "read-only" });
    clearInterval(looking);
    expect(casesThatFail(report)).toEqual([]);
    expect(report.counts.success).toBeGreaterThan(0);
    expect([...seen].filter((name) => name.startsWith(RUN_PREFIX))).toEqual([]);
    expect(await inventory(vhost)).toEqual(before);
    expect(await published(vhost)).toBe(0);
  });
});
