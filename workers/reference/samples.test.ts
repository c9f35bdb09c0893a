// Samples are messages that their systems take, and what they speak of is there.
import { expect, test } from "vitest";
import { placeholders } from "../../topology/names.js";
import type { Topology } from "../../topology/model.js";
import { systems } from "../../topology/systems/index.js";
import { functions } from "./cgcg/functions.js";
import { sampleRecords, samples } from "./samples.js";

const bodies = (system: string): Record<string, unknown>[] => (samples[system] ?? []).map(({ body }) => body as Record<string, unknown>);

test("each system has some", () => expect(Object.keys(samples).sort()).toEqual(Object.keys(systems).sort()));

test.each(Object.entries(samples).flatMap(([system, each]) => each.map((sample) => [system, sample.message, sample] as const)))(
  "%s: %s fits",
  (system, name, { body, key = {} }) => {
    const message = (systems[system] as Topology).messages?.[name];
    expect(message?.schema?.safeParse(body)).toMatchObject({ success: true });
    expect(Object.keys(key)).toEqual(placeholders(message?.key ?? ""));
  },
);

test("what handlers look up is there, and leads to further work", () => {
  const [request] = bodies("contextiq");
  expect(sampleRecords["sessions"]?.[String(request?.["session_id"])]).toMatchObject({ events: [expect.any(String), expect.any(String)] });
  expect(sampleRecords["objects"]?.[String(bodies("fo-analytics")[0]?.["file_path"])]).toEqual(expect.stringContaining("Buy"));
  expect(Object.keys(functions)).toContain(bodies("cgcg")[0]?.["task_name"]);
});
