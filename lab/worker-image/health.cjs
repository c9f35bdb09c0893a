// The image's health check: asks the worker beside it, by HTTP. `health.cjs ready` (or WARREN_HEALTHCHECK=ready) asks whether it is ready, instead of whether it lives.
"use strict";
const { get } = require("node:http");

/** Below the time that Docker gives the check. */
const PATIENCE_MS = 3000;
const KINDS = ["live", "ready"];

const { WARREN_HTTP_PORT: port = "9090", WARREN_HTTP_HOST: bound = "127.0.0.1", WARREN_HEALTHCHECK } = process.env;
const kind = process.argv[2] ?? (WARREN_HEALTHCHECK || "live");

function end(code, text) {
  console.log(text);
  process.exit(code);
}

if (!KINDS.includes(kind)) end(1, `"${kind}" is no health check; allowed: ${KINDS.join(", ")}`);
if (port === "0") end(1, "WARREN_HTTP_PORT is 0, a free port: nobody knows which, so nobody can ask. Give a number.");

// What listens on every address is asked on the loopback one.
const host = ["", "0.0.0.0"].includes(bound) ? "127.0.0.1" : bound === "::" ? "::1" : bound;
const request = get({ host, port, path: `/health/${kind}`, timeout: PATIENCE_MS }, (answer) => {
  let body = "";
  answer.setEncoding("utf8").on("data", (text) => (body += text));
  answer.on("end", () => end(answer.statusCode === 200 ? 0 : 1, body));
});
request.on("timeout", () => end(1, `no answer within ${PATIENCE_MS} ms`));
request.on("error", (error) => end(1, error.message || error.code));
