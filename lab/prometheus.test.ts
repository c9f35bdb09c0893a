/** What apt says about a package is read for the version that it would install. */
import { expect, test } from "vitest";
import { readCandidate } from "./prometheus.js";

test("the candidate's version, or none", () => {
  expect(readCandidate("prometheus:\n  Installed: (none)\n  Candidate: 2.42.0+ds-5+deb12u1\n")).toBe("2.42.0+ds-5+deb12u1");
  expect(readCandidate("prometheus:\n  Installed: (none)\n  Candidate: (none)\n")).toBeUndefined();
  expect(readCandidate("")).toBeUndefined();
});
