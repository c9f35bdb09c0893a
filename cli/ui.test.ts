// Where the token of the page is from, and that one from a file is not printed.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { fakeBroker, json } from "../testing/fake-broker.js";
import { tokenOf } from "./verbs/ui.js";

const TOKEN = "a-token-for-tests-of-at-least-32-characters";

function fileWith(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "warren-ui-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "token");
  writeFileSync(file, text);
  return file;
}

test("the token is what is given, else what the file has, else random at each start", () => {
  const file = fileWith(`${TOKEN}\n`);
  expect(tokenOf({ environment: { WARREN_UI_TOKEN_FILE: file } })).toEqual({ token: TOKEN, file });
  const other = TOKEN.toUpperCase();
  expect(tokenOf({ environment: { WARREN_UI_TOKEN_FILE: file, WARREN_UI_TOKEN: other } })).toEqual({ token: other });
  const [one, two] = [tokenOf({ environment: {} }), tokenOf({ environment: { WARREN_UI_TOKEN: "", WARREN_UI_TOKEN_FILE: "" } })];
  expect(one.token).toMatch(/^[\w-]{43}$/);
  expect(two.token).not.toBe(one.token);
});

test("a token that is no good is refused, and not told", () => {
  expect(() => tokenOf({ environment: { WARREN_UI_TOKEN: "short" } })).toThrow(/^WARREN_UI_TOKEN is no good token[^]*at least 32/);
  const file = fileWith("sekret sekret sekret sekret sekret sekret\n");
  const environment = { WARREN_UI_TOKEN_FILE: file };
  expect(() => tokenOf({ environment })).toThrow(/^WARREN_UI_TOKEN_FILE: in ".*token" is no good token[^]*at least 32/);
  expect(() => tokenOf({ environment })).not.toThrow(/sekret/);
  expect(() => tokenOf({ environment: { WARREN_UI_TOKEN_FILE: `${file}x` } })).toThrow(/WARREN_UI_TOKEN_FILE.*ENOENT/);
});

test("a token from a file lets in, and is in no output of the process", async () => {
  const broker = await fakeBroker(json(200, { name: "u", tags: ["administrator"] }));
  const words = ["ui", "debias", "--broker", broker.url.replace("//", "//u:p@"), "--amqp", "amqp://127.0.0.1:9", "--port", "0"];
  const environment = { ...process.env, WARREN_UI_TOKEN_FILE: fileWith(TOKEN) };
  const child = spawn(process.execPath, [resolve(__dirname, "../bin/warren.cjs"), ...words], { env: environment });
  onTestFinished(() => void child.kill("SIGKILL"));
  let said = "";
  const [ended, place] = [
    new Promise((done) => child.once("close", done)),
    new Promise<string>((found, fail) => {
      const hear = (more: Buffer): void => {
        said += String(more);
        const [, url] = /(http:\S+\/)$/m.exec(said) ?? [];
        if (url !== undefined && said.includes("Read-only")) found(url);
      };
      child.stdout.on("data", hear);
      child.stderr.on("data", hear);
      child.once("close", () => fail(new Error(said)));
    }),
  ];
  const scene = async (token: string): Promise<number> =>
    (await fetch(`${await place}api/scene`, { headers: { authorization: `Bearer ${token}` } })).status;
  expect([await scene(TOKEN), await scene("another")]).toEqual([200, 401]);
  child.kill("SIGTERM");
  await ended;
  expect(said).toContain("Behind it belongs #token=");
  expect(said).not.toContain(TOKEN);
});
