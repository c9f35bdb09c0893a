/** The picture: one well-formed SVG, harmless whatever the names, in the colours of light and dark. */
import { expect, test } from "vitest";
import { graph } from "../topology/compile/graph.js";
import { cgcg, debias } from "../topology/systems/index.js";
import { svg } from "./svg.js";

const EVIL = '"><script>alert(1)</script>';

test("has a title, a size, both colour schemes, and no address of a font or a style", async () => {
  const text = await svg(graph({ topologies: [debias] }));
  expect(text).toMatch(
    /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" class="warren-flow" role="img" width="[\d.]+" height="[\d.]+" viewBox="/,
  );
  expect(text).toContain("<title>Flow of messages: debias</title>");
  expect(text).toContain("prefers-color-scheme:dark");
  expect(text.match(/<title>/g)).toHaveLength(1);
  expect(text).not.toMatch(/xlink|href|@import|url\(/);
});

test("every rule of the style is for this picture alone", async () => {
  const style = /<style>([^]*)<\/style>/.exec(await svg(graph({ topologies: [debias] })))?.[1] ?? "";
  for (const [, selectors = ""] of style.replace(/@media[^{]*\{([^}]*\})\}/g, "$1").matchAll(/([^{}]+)\{/g)) {
    for (const selector of selectors.split(/,(?![^(]*\))/)) expect(selector.trim()).toMatch(/^\.warren-flow/);
  }
});

test("markup in names is text", async () => {
  const text = await svg(
    graph({
      topologies: [
        {
          name: EVIL,
          description: "&lt; ]]> \u0000",
          exchanges: { [EVIL]: { type: "topic" } },
          queues: { [EVIL]: { type: "quorum", from: { [EVIL]: EVIL }, deadLetterTo: { exchange: EVIL, routingKey: "</style>" } } },
        },
      ],
    }),
  );
  expect(text).not.toContain("<script");
  expect(text).not.toContain("\u0000");
  expect(text.match(/<\/style>/g)).toHaveLength(1);
  // As many tags are closed as opened, and in order.
  const open: string[] = [];
  for (const [, close, tag = "", self] of text.matchAll(/<(\/?)([a-z]+)(?:\s(?:[^"<>]|"[^"<]*")*?)?(\/?)>/g)) {
    if (close) expect(open.pop()).toBe(tag);
    else if (!self) open.push(tag);
  }
  expect(open).toEqual([]);
  expect(text.match(/</g)?.length).toBe([...text.matchAll(/<\/?[a-z]/g)].length);
});

test("several topologies stand in frames of their own", async () => {
  const text = await svg(graph({ topologies: [debias, cgcg] }));
  expect(text.match(/class="cluster topology"/g)).toHaveLength(2);
});
