/** The order in which the files of the live tests begin. */
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Minutes each: begun last, they would run on alone. */
const LONG = [
  "testing/systems",
  "migrate/migrate",
  "testing/own-program",
  "workers/faults/twenty",
  "testing/examples",
  "conformance/cluster",
  "monitoring/promtool",
  "conformance/mutations",
  "testing/adopt",
  "testing/bad-input",
  "testing/everything",
  "migrate/stack",
].map((name) => `/${name}.live.test.ts`);

/** Those that take minutes first, in their order; then the others as vitest has them. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const at = LONG.findIndex((name) => moduleId.endsWith(name));
      return at < 0 ? LONG.length : at;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}
