// Starts a command of the lab on a fresh clone: gets the npm packages first if they are missing or are not those of package-lock.json. Needs Node alone.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const checkout = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(
    `error: Warren needs Node 20.19 or newer, and this is ${process.versions.node}\n  to do:   install a current Node, then run the command again`,
  );
  process.exit(1);
}

const wanted = readFileSync(join(checkout, "package-lock.json"), "utf8");
const hash = createHash("sha256").update(wanted).digest("hex");
const stamp = join(checkout, "node_modules", ".warren-lock");

/** The stamp says so, or (where npm was run by hand) npm's own record of what it installed. */
function isInstalled() {
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === hash) return true;
  const record = join(checkout, "node_modules", ".package-lock.json");
  if (!existsSync(record)) return false;
  const there = JSON.parse(readFileSync(record, "utf8")).packages;
  const same = Object.entries(JSON.parse(wanted).packages).every(
    ([place, { version, integrity, optional }]) =>
      place === "" || (there[place] ? there[place].version === version && there[place].integrity === integrity : optional),
  );
  try {
    if (same) writeFileSync(stamp, hash);
  } catch {
    // Only a shortcut for the next time: the packages may belong to another account.
  }
  return same;
}

/** `npm ci`, with a sign of life: on a terminal a running clock, elsewhere a line every 15 seconds. */
async function install() {
  const began = Date.now();
  const elapsed = () => `${Math.round((Date.now() - began) / 1000)}s`;
  const terminal = process.stderr.isTTY && !process.env.CI;
  const clock = setInterval(
    () => process.stderr.write(terminal ? `\r… npm packages: installing ${elapsed()}` : `… npm packages: installing ${elapsed()}\n`),
    terminal ? 500 : 15_000,
  );
  const npm = spawn("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: checkout,
    stdio: ["ignore", "pipe", "pipe"],
    shell: process.platform === "win32",
  });
  let said = "";
  npm.stdout.on("data", (text) => (said += text));
  npm.stderr.on("data", (text) => (said += text));
  const code = await new Promise((done) => npm.on("error", (error) => ((said += error.message), done(1))).on("close", done));
  clearInterval(clock);
  if (terminal) process.stderr.write("\r\x1b[2K");
  if (code !== 0) {
    console.error(
      `✗ npm packages\n${said.trim()}\n\nerror: npm ci failed\n  to do:   see npm's messages above; its registry has to be reachable`,
    );
    process.exit(1);
  }
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, hash);
  console.error(`✓ ${"npm packages".padEnd(38)} ${"installed".padEnd(26)} ${elapsed()}`);
}

if (!isInstalled()) await install();

// From here on it is TypeScript, in this same process: signals and exit code need no forwarding.
const require = createRequire(join(checkout, "package.json"));
require("tsx/cjs/api").register();
require("./lab/main.ts");
