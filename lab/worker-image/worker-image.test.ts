// The parts of the worker's image that need no Docker: its bill of materials, its health check, what is read of tar files and packages; and the pin of its base.
import { execFile, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { CycloneDx } from "../../testing/cyclonedx.js";
import { versions } from "../versions.js";
import { bundleWorker } from "./bundle.js";
import { npmPackages, packageFolder, thirdPartyText, type NpmPackage } from "./packages.js";
import { publicAddress } from "./revision.js";
import { bom, licenses, npmUrl, type Contents } from "./sbom.js";
import { tarEntries } from "./tar.js";

describe("the bill of materials", () => {
  const npm = (name: string, needs: readonly string[] = [], more: Partial<NpmPackage> = {}): NpmPackage => ({
    ...{ folder: `node_modules/${name}`, name, version: "1.2.3", license: "MIT", needs },
    ...more,
  });
  const contents: Contents = {
    ...{ name: "warren/worker", version: "0.1.0", license: "Apache-2.0", hash: "abc", distribution: "debian-forky", node: "24.21.0" },
    npm: {
      packages: [
        npm("a", ["node_modules/@s/b"], { integrity: `sha512-${Buffer.alloc(64, 7).toString("base64")}` }),
        npm("@s/b", [], { license: "(MIT OR Apache-2.0)" }),
        npm("a", [], { folder: "node_modules/@s/b/node_modules/a", version: "2.0.0", license: "SEE LICENSE IN x" }),
      ],
      direct: ["node_modules/a"],
    },
    debian: [
      { name: "libstdc++6", version: "16.2.0-3", architecture: "amd64" },
      { name: "nodejs", version: "24.21.0+dfsg+~cs24.13.4-1", architecture: "amd64" },
    ],
  };
  const parsed = (given: Contents = contents) => CycloneDx.parse(JSON.parse(bom(given)));

  test("keeps the rules, and says what is of what", () => {
    const document = parsed();
    const [a = "", b = "", other = "", library = "", node = ""] = document.components.map((component) => component["bom-ref"]);
    expect(document.components.map(({ purl }) => purl)).toEqual([
      "pkg:npm/a@1.2.3",
      "pkg:npm/%40s/b@1.2.3",
      "pkg:npm/a@2.0.0",
      "pkg:deb/debian/libstdc%2B%2B6@16.2.0-3?arch=amd64&distro=debian-forky",
      "pkg:deb/debian/nodejs@24.21.0%2Bdfsg%2B~cs24.13.4-1?arch=amd64&distro=debian-forky",
    ]);
    expect(document.components[0]?.hashes?.[0]?.content).toBe("07".repeat(64));
    expect(document.dependencies).toEqual([
      { ref: document.metadata.component["bom-ref"], dependsOn: [a, library, node] },
      { ref: a, dependsOn: [b] },
      { ref: b, dependsOn: [] },
      { ref: other, dependsOn: [] },
    ]);
  });
  test("is the same for the same contents, and has another number for others", () => {
    expect(bom(contents)).toBe(bom({ ...contents }));
    expect(parsed({ ...contents, hash: "abd" }).serialNumber).not.toBe(parsed().serialNumber);
  });
  test("names Node where it is no package of the system's", () => {
    const { components } = parsed({ ...contents, debian: contents.debian.slice(0, 1) });
    expect(components.filter(({ name }) => name === "nodejs")).toMatchObject([{ version: "24.21.0", purl: "pkg:generic/node@24.21.0" }]);
  });
  test("its rules find a fault", () => {
    const document = JSON.parse(bom(contents)) as { dependencies: { ref: string; dependsOn: string[] }[]; components: object[] };
    expect(CycloneDx.safeParse({ ...document, components: [...document.components, document.components[0]] }).success).toBe(false);
    document.dependencies[0]?.dependsOn.push("nothing");
    expect(CycloneDx.safeParse(document).error?.message).toContain("nothing has the ref nothing");
  });
  test.each([
    ["MIT", [{ license: { id: "MIT" } }]],
    ["(MIT OR Apache-2.0)", [{ expression: "(MIT OR Apache-2.0)" }]],
    ["UNLICENSED", [{ license: { name: "UNLICENSED" } }]],
    ["SEE LICENSE IN x.md", [{ license: { name: "SEE LICENSE IN x.md" } }]],
  ])("the licence %s", (text, expected) => expect(licenses(text)).toEqual(expected));
  test("a package's URL can be read back", () => {
    const word = fc.stringMatching(/^[a-z0-9._~+-]{1,12}$/);
    fc.assert(
      fc.property(fc.option(word), word, word, (scope, name, version) => {
        const whole = scope === null ? name : `@${scope}/${name}`;
        const [path = "", of = ""] = npmUrl(whole, version).replace("pkg:npm/", "").split("@");
        expect([path.split("/").map(decodeURIComponent).join("/"), decodeURIComponent(of)]).toEqual([whole, version]);
      }),
    );
  });
});

test("the program has the live page beside it, and Graphviz, which no worker is to hold in memory; both count as its parts", async () => {
  const bundle = await bundleWorker("1.2.3");
  const { code, beside, inputs } = bundle;
  expect(Object.keys(beside).sort()).toEqual(["page/icon.svg", "page/index.html", "page/page.css", "page/page.js", "viz.cjs"]);
  expect(beside["page/page.js"]).toContain("/api/scene");
  expect(code).toContain('import("./viz.cjs")');
  expect(code.length).toBeLessThan(8_000_000);
  expect(beside["viz.cjs"]?.length).toBeGreaterThan(1_000_000);
  expect(Object.keys(inputs)).toEqual(
    expect.arrayContaining(["ui/page/main.ts", "ui/page/page.css", "ui/page/index.html", "ui/server.ts"]),
  );
  const { packages, direct } = npmPackages(bundle);
  expect(direct).toContain("node_modules/@viz-js/viz");
  expect(packages.map(({ name }) => name)).toContain("@viz-js/viz");
  expect(packages.map(({ name }) => name)).not.toContain("esbuild");
  expect(thirdPartyText(packages)).toContain("@viz-js/viz ");
});

describe("the packages of a program", () => {
  test.each([
    ["node_modules/zod/v4/index.js", "node_modules/zod"],
    ["node_modules/@fastify/swagger/index.js", "node_modules/@fastify/swagger"],
    ["node_modules/a/node_modules/b/lib/x.js", "node_modules/a/node_modules/b"],
    ["workers/bus.ts", undefined],
  ])("%s", (file, folder) => expect(packageFolder(file)).toBe(folder));

  test("are those of which something is in it, with what each imports", () => {
    const file = (path: string, ...imports: string[]) =>
      [path, { bytes: 1, imports: imports.map((to) => ({ path: to, kind: "import-statement" as const })) }] as const;
    const inputs = Object.fromEntries([
      file("cli/worker.ts", "node_modules/amqplib/channel_api.js", "node_modules/zod/index.js"),
      file("node_modules/amqplib/channel_api.js", "node_modules/amqplib/lib/connect.js", "node_modules/pino/pino.js"),
      file("node_modules/amqplib/lib/connect.js"),
      file("node_modules/pino/pino.js"),
      file("node_modules/zod/index.js"),
    ]);
    const used = Object.keys(inputs).filter((path) => !path.includes("zod"));
    const { packages, direct } = npmPackages({ inputs, used });
    expect(packages.map(({ name, needs }) => [name, needs])).toEqual([
      ["amqplib", ["node_modules/pino"]],
      ["pino", []],
    ]);
    expect(direct).toEqual(["node_modules/amqplib"]);
    expect(packages[0]?.integrity).toMatch(/^sha512-/);
    expect(thirdPartyText(packages)).toMatch(/amqplib \d+\.\d+\.\d+ \(MIT\)[^]*Permission is hereby granted[^]*pino \d/);
  });
});

test("names and sizes in a tar file are those that were put in", () => {
  const folder = mkdtempSync(join(tmpdir(), "warren-tar-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const sizes = { "a/empty": 0, "a/one": 1, "a/block": 512, "a/more": 1_000_003 };
  mkdirSync(join(folder, "in", "a"), { recursive: true });
  for (const [name, size] of Object.entries(sizes)) writeFileSync(join(folder, "in", name), Buffer.alloc(size, 1));
  for (const format of ["gnu", "posix"]) {
    const file = join(folder, `${format}.tar`);
    execFileSync("tar", ["-C", join(folder, "in"), `--format=${format}`, "-cf", file, "."]);
    const found = tarEntries(file).filter(({ name }) => name in sizes);
    expect(Object.fromEntries(found.map(({ name, size }) => [name, size]))).toEqual(sizes);
  }
});

test.each([
  ["git@example.org:a/b.git", "https://example.org/a/b"],
  ["https://user:secret@example.org/a/b.git", "https://example.org/a/b"],
  ["git+https://example.org/a/b.git", "https://example.org/a/b"],
  ["/home/somebody/warren", undefined],
  ["file:///home/somebody/warren", undefined],
  ["", undefined],
])("the source of %s", (address, shown) => expect(publicAddress(address)).toBe(shown));

describe("the health check", () => {
  const check = (args: readonly string[], environment: Record<string, string>) =>
    new Promise<{ code: number; out: string }>((done) => {
      execFile(process.execPath, [join(__dirname, "health.cjs"), ...args], { env: environment }, (error, out) =>
        done({ code: (error as { code?: number } | null)?.code ?? 0, out }),
      );
    });
  async function worker(status: Record<string, number>): Promise<Record<string, string>> {
    const server = createServer((request, response) => response.writeHead(status[request.url ?? ""] ?? 404).end(`it is ${request.url}`));
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    onTestFinished(() => void server.close());
    return { WARREN_HTTP_PORT: String((server.address() as AddressInfo).port), WARREN_HTTP_HOST: "0.0.0.0" };
  }

  test("asks whether the worker lives, or whether it is ready", async () => {
    const environment = await worker({ "/health/live": 200, "/health/ready": 503 });
    expect(await check([], environment)).toEqual({ code: 0, out: "it is /health/live\n" });
    expect(await check(["ready"], environment)).toEqual({ code: 1, out: "it is /health/ready\n" });
    expect(await check([], { ...environment, WARREN_HEALTHCHECK: "ready" })).toMatchObject({ code: 1 });
    expect(await check(["live"], { ...environment, WARREN_HEALTHCHECK: "ready" })).toMatchObject({ code: 0 });
  });
  test("says why it fails", async () => {
    expect(await check([], { WARREN_HTTP_PORT: "1" })).toEqual({ code: 1, out: "connect ECONNREFUSED 127.0.0.1:1\n" });
    expect(await check([], { WARREN_HTTP_PORT: "0" })).toMatchObject({ code: 1, out: expect.stringContaining("free port") });
    expect(await check(["alive"], {})).toEqual({ code: 1, out: '"alive" is no health check; allowed: live, ready\n' });
  });
});

test("the base's recipe has another number when its script changes", () => {
  const hash = ["base.sh", "../debian-packages.sh"]
    .reduce((sum, name) => sum.update(readFileSync(join(__dirname, name))), createHash("sha256"))
    .digest("hex")
    .slice(0, 12);
  // Changed one of them? Raise versions.worker.recipe, or machines with the old base keep it; then put the new hash here.
  expect(`${versions.worker.recipe} ${hash}`).toBe("1 29ae11300e0a");
});
