/** A Chromium for the tests of the HTML report: one that is here, or Debian's. */
import { WarrenError } from "../topology/errors.js";
import { aptInstall, isDebianRoot } from "./apt.js";
import { which } from "./command.js";
import { type Outcome, type Say } from "./steps.js";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** The path of a program: what `WARREN_CHROMIUM` names, or the first that is on the PATH, or what apt-get installs. */
export async function getChromium(say: Say): Promise<Outcome<string>> {
  const found = findChromium();
  if (found) return { value: found, way: "found" };
  if (!isDebianRoot()) {
    throw new WarrenError("The tests of the HTML report need Chromium, and none is on the PATH", {
      remedy: "install Chromium or Chrome, or name its program in WARREN_CHROMIUM",
    });
  }
  say("installing with apt-get");
  // Without a font all text is as wide as nothing.
  await aptInstall("Chromium", ["chromium", "fonts-liberation"]);
  const installed = findChromium();
  if (installed) return { value: installed, way: "installed by apt-get" };
  throw new WarrenError("Chromium was installed and is not on the PATH", { remedy: "name its program in WARREN_CHROMIUM" });
}

function findChromium(): string | undefined {
  return process.env["WARREN_CHROMIUM"] || NAMES.map((name) => which(name)).find((path) => path !== undefined);
}
