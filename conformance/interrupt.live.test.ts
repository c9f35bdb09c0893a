// A run that is interrupted takes away what it made, and puts back what it changed.
import { expect, it, onTestFinished } from "vitest";
import { Management } from "../broker/index.js";
import { scratchName } from "../testing/broker.js";
import { liveTarget, provisionLive } from "../testing/provision-live.js";
import { debias } from "../topology/systems/debias.js";
import { conform } from "./run.js";
import { RUN_PREFIX } from "./sweep.js";

it.each(["probe", "full"] as const)("in profile %s", async (profile) => {
  const vhost = scratchName("interrupt");
  const installation = { topologies: [{ ...debias, name: vhost }] };
  const target = await liveTarget(installation);
  const management = new Management(target.management);
  const remove = await provisionLive(management, installation);
  onTestFinished(async () => {
    await remove();
    await management.close();
  });
  const ofRuns = async (): Promise<string[]> =>
    [...(await management.vhosts()), ...(await management.users())].map(({ name }) => name).filter((name) => name.startsWith(RUN_PREFIX));
  const before = await management.rawDefinitions(vhost);

  const controller = new AbortController();
  const run = conform(target, {
    profile,
    signal: controller.signal,
    onProgress: ({ done }) => (done >= 20 ? controller.abort(new Error("enough")) : undefined),
  });
  await expect(run).rejects.toThrow("enough");
  expect(await ofRuns()).toEqual([]);
  expect(await management.rawDefinitions(vhost)).toEqual(before);
});
