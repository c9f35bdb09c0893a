// Puts today's output into the examples of the pages about the command: npx tsx docs/cli.gen.ts. A test says when they are out of date.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../cli/main.js";

export const PAGES = ["adopt.md", "cli.md", "diff.md", "sizing.md"].map((name) => join(__dirname, name));

/** Lines shown of an output that a last line `...` cuts short. */
const CUT = 24;

async function output(command: string): Promise<string> {
  const words = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
  let text = "";
  const write = (more: string): void => void (text += more.endsWith("\n") ? more : `${more}\n`);
  await run(words, { out: write, error: write, style: (_, plain) => plain, cwd: __dirname, environment: {} }, "");
  return text;
}

/** A block ```console has one command, and its output or the beginning of it. */
export async function rendered(page: string): Promise<string> {
  let text = "";
  let at = 0;
  for (const block of page.matchAll(/```console\n\$ warren (.*)\n([^]*?)```/g)) {
    const [whole, command = "", before = ""] = block;
    const lines = (await output(command)).split("\n");
    const shown = before.endsWith("...\n") ? [...lines.slice(0, CUT), "...", ""] : lines;
    text += `${page.slice(at, block.index)}\`\`\`console\n$ warren ${command}\n${shown.join("\n")}\`\`\``;
    at = block.index + whole.length;
  }
  return text + page.slice(at);
}

async function write(): Promise<void> {
  for (const page of PAGES) writeFileSync(page, await rendered(readFileSync(page, "utf8")));
}

if (require.main === module) void write();
