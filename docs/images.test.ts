/** The pictures in docs/images are those of today's systems. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { images, IMAGES } from "./images.gen.js";

test("pictures are up to date: npx tsx docs/images.gen.ts writes them anew", async () => {
  const drawn = await images();
  expect(drawn.size).toBe(6);
  for (const [name, text] of drawn) expect(readFileSync(join(IMAGES, name), "utf8"), name).toBe(text);
});
