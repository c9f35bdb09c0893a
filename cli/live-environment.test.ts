/** Verbs that lay a topology beside a live broker ask whose sizes it has: those of another environment would be faults there, or be put there. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { writeEndpoint } from "../broker/address.js";
import { warrenCommand, type Said } from "../testing/warren-command.js";
import type { Topology } from "../topology/model.js";
import { liveEnvironment } from "./input.js";

const shop: Topology = {
  name: "shop",
  queues: { work: { type: "quorum", maxLength: 1000 } },
  environments: { dev: { queues: { work: { maxLength: 10 } } }, prod: { queues: { work: { maxLength: 1_000_000 } } } },
};
const NOBODY = "http://u:p@127.0.0.1:10001";

function folderWith(topology: Topology): string {
  const folder = mkdtempSync(join(tmpdir(), "warren-environment-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "shop.json"), JSON.stringify(topology));
  return folder;
}

test.each([
  ["migrate", ["shop.json", "work"]],
  ["drift", ["shop.json"]],
  ["conformance", ["shop.json", "--profile", "read-only"]],
])("%s", async (verb, words) => {
  const warren = (cwd: string, ...more: readonly string[]): Promise<Said> => warrenCommand([verb, ...words, ...more], { cwd });
  const cwd = folderWith(shop);
  expect(await warren(cwd, "--broker", NOBODY)).toMatchObject({
    ...{ code: 2, out: "" },
    error: expect.stringMatching(
      /which does the broker have\?\n +allowed: dev, prod, none\n +to do: +name it: --environment prod/,
    ) as string,
  });
  // The question is answered, or need not be asked: what fails then is the broker.
  const unreachable = { error: expect.stringContaining("No broker answers at http://127.0.0.1:10001") as string };
  for (const name of ["prod", "none"]) expect(await warren(cwd, "--broker", NOBODY, "-e", name)).toMatchObject(unreachable);
  const { environments: _, ...plain } = shop;
  expect(await warren(folderWith(plain), "--broker", NOBODY)).toMatchObject(unreachable);
  const stack = { managementUrl: "http://127.0.0.1:10001", amqpUrl: "amqp://127.0.0.1:1", username: "u", password: "p" };
  writeEndpoint(cwd, stack);
  expect(await warren(cwd)).toMatchObject({ code: 2, error: expect.stringContaining("which does the broker have?") as string });
  writeEndpoint(cwd, { ...stack, environment: "dev" });
  for (const more of [[], ["-e", "dev"]]) expect(await warren(cwd, ...more)).toMatchObject(unreachable);
  expect(await warren(cwd, "-e", "prod")).toMatchObject({
    ...{ code: 2, out: "" },
    error: expect.stringMatching(
      /No broker is named, and that of stack dev, http:\/\/127\.0\.0\.1:10001, is of environment "dev", not "prod"\.\n +to do: .*--broker URL/,
    ) as string,
  });
  // A broker that is named is the one that is meant.
  expect(await warren(cwd, "-e", "prod", "--broker", "http://u:p@127.0.0.1:10002")).toMatchObject({
    error: expect.stringContaining("No broker answers at http://127.0.0.1:10002") as string,
  });
});

test("what is said holds, then what the dev stack has, of whatever name; they may not contradict each other", () => {
  const { environments: _, ...plain } = shop;
  const of = (given?: string, environment?: string, topology = shop): string | undefined =>
    liveEnvironment({ topologies: [topology] }, given, {
      ...{ management: { endpoint: NOBODY }, source: "stack dev" },
      ...(environment === undefined ? {} : { environment }),
    });
  expect(of("prod")).toBe("prod");
  expect(of(undefined, "dev")).toBe("dev");
  expect(of(undefined, "blue")).toBe("blue");
  expect(() => of()).toThrow("none is named");
  expect(of("prod", "prod")).toBe("prod");
  for (const given of ["prod", "none"]) expect(() => of(given, "dev")).toThrow(`is of environment "dev", not "${given}"`);
  // Without sizes of its own it is a broker of dev all the same.
  expect(() => of("prod", "dev", plain)).toThrow('is of environment "dev", not "prod"');
  // A stack has the base sizes where the topology does not have its environment.
  expect(of("none", "blue")).toBe("none");
  expect(of("none", "dev", plain)).toBe("none");
});
