/** `warren docs`: a page, its diagram, the same as JSON. */
import { expect, test } from "vitest";
import { warrenCommand, type Said } from "../testing/warren-command.js";

const warren = (...words: readonly string[]): Promise<Said> => warrenCommand(["docs", ...words], { cwd: __dirname });

test("with Mermaid, with a picture, without", async () => {
  const { code, out } = await warren("debias");
  expect(code).toBe(0);
  expect(out).toContain('```mermaid\n---\ntitle: "debias: ');
  expect((await warren("debias", "--image", "flow-{topology}.svg")).out).toContain("\n![The flow of debias](flow-debias.svg)\n");
  expect((await warren("debias", "--no-diagram")).out).not.toMatch(/mermaid|!\[/);
});

test("as JSON: a version, and everything by topology", async () => {
  const printed = JSON.parse((await warren("all", "--json")).out) as { version: number; topologies: { name: string }[] };
  expect(printed.version).toBe(1);
  expect(printed.topologies.map(({ name }) => name)).toEqual(["contextiq", "debias", "fo-analytics", "cgcg", "stage7"]);
});

test("--help has an example", async () => expect((await warren("--help")).out).toMatch(/\n {2}\$ warren docs contextiq/));
test("refuses what names nothing", async () => expect(await warren("debia")).toMatchObject({ code: 2, out: "" }));
