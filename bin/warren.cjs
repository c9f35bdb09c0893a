#!/usr/bin/env node
// Starts the command: in a checkout from its source, in the published package compiled.
"use strict";
const { existsSync } = require("node:fs");
const { join } = require("node:path");
const { version } = require("../package.json");

const source = join(__dirname, "../cli/main.ts");
if (existsSync(source)) {
  require("tsx/cjs");
  require(source).main(version);
} else {
  require("../dist/cli/main.js").main(version);
}
