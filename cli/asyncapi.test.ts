/** `warren asyncapi`: YAML and JSON of the same document, one service, and what it refuses. */
import { expect, test } from "vitest";
import { parse } from "yaml";
import { warrenCommand, type Said } from "../testing/warren-command.js";

const warren = (...words: readonly string[]): Promise<Said> => warrenCommand(["asyncapi", ...words], { cwd: __dirname });

test("YAML is the same document as JSON", async () => {
  const [yaml, json] = [await warren("all"), await warren("all", "--json")];
  expect(yaml.code).toBe(0);
  expect(parse(yaml.out)).toEqual(JSON.parse(json.out));
  expect(yaml.out).toMatch(/^asyncapi: 3\.0\.0\n/);
});

test("one service, a server without the credentials of its URL, a version", async () => {
  const { out } = await warren("debias", "--service", "event-api", "--server", "amqps://me:secret@rabbit:5671/x", "--info-version", "2.1");
  const document = parse(out);
  expect(out).not.toContain("secret");
  expect(document.info).toMatchObject({ title: "debias: event-api", version: "2.1" });
  expect(document.servers.server).toMatchObject({ host: "rabbit:5671", protocol: "amqps", pathname: "/debias" });
  expect(Object.keys(document.operations)).toEqual(["event-api-send-event"]);
});

test("--help has an example", async () => expect((await warren("--help")).out).toMatch(/\n {2}\$ warren asyncapi contextiq/));

test.each([
  [["debias", "--service", "event-apo"], 'did you mean "event-api"?'],
  [["all", "--topology", "debia"], 'did you mean "debias"?'],
  [["debias", "--server", "http://me:secret@rabbit"], "amqps://host:5671"],
  [[], "No topology is given."],
])("refuses %j", async (words, said) => {
  const { code, out, error } = await warren(...words);
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(error).toContain(said);
  expect(error).not.toContain("secret");
});
