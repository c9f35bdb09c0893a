/** The JSON Schema of the JSON report, for programs that read it; the report itself is `JSON.stringify` of it. */
import { z } from "zod";
import { Report } from "../report.js";

/** Draft 2020-12. */
export function reportJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(Report, { target: "draft-2020-12" });
  return { $schema, title: "Report of warren conformance, version 1", ...schema };
}
