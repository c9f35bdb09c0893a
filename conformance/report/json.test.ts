/** The schema of the JSON report. */
import { expect, test } from "vitest";
import { reportJsonSchema } from "./json.js";
import { Report } from "../report.js";
import { sampleReport } from "./sample.js";

test("the schema says what a report has to have, and that it has nothing else", () => {
  const schema = reportJsonSchema() as { properties: Record<string, unknown>; [key: string]: unknown };
  expect(schema.$schema).toBe("https://json-schema.org/draft/2020-12/schema");
  expect(schema).toMatchObject({
    ...{ type: "object", additionalProperties: false },
    required: ["version", "result", "profile", "startedAt", "seconds", "broker", "topologies", "counts", "probes"],
    properties: { version: { const: 1 }, result: { enum: ["success", "partial", "failure", "not-run"] } },
  });
  expect(Object.keys(schema.properties)).toEqual(Object.keys(sampleReport()));
});

test("a report is the same after JSON", () => {
  expect(Report.parse(JSON.parse(JSON.stringify(sampleReport())))).toEqual(sampleReport());
});
