// What the container of the live page starts with.
import { expect, it } from "vitest";
import { uiEnvironment, uiWords } from "./ui-files.js";

const PLAIN = { tls: false, plain: true };

it("the page is read-only, and has the alerts where there is an Alertmanager", () => {
  expect(uiWords(PLAIN, false).join(" ")).toBe("ui /run/warren/topology.cjs --broker http://broker-0:15672 --listen 0.0.0.0 --port 15680");
  expect(uiWords(PLAIN, true).slice(-2)).toEqual(["--alertmanager", "http://alertmanager:9093"]);
  for (const monitored of [false, true]) expect(uiWords(PLAIN, monitored)).not.toContain("--write");
});

it("it goes by TLS only where there is nothing else", () => {
  expect(uiWords({ tls: true, plain: false }, false)).toContain("https://broker-0:15671");
  expect(uiWords({ tls: true, plain: true }, false)).toContain("http://broker-0:15672");
});

it("what is secret is in files", () => {
  expect(uiEnvironment("me", true)).toEqual([
    "WARREN_BROKER_USERNAME=me",
    "WARREN_BROKER_PASSWORD_FILE=/run/warren/password",
    "WARREN_UI_TOKEN_FILE=/run/warren/ui-token",
    "WARREN_BROKER_CA_FILE=/run/warren/ca.pem",
    "WARREN_HTTP_PORT=15680",
  ]);
  expect(uiEnvironment("me", false).join()).not.toContain("CA_FILE");
});
