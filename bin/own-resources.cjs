// Loads what runs Warren's own resources, for Pulumi's dynamic provider process, which is a plain Node: from source in a checkout, else compiled.
"use strict";

const { existsSync } = require("node:fs");
const { join } = require("node:path");

const source = join(__dirname, "..", "provision", "own", "handler.ts");
module.exports = existsSync(source) ? require("tsx/cjs/api").require(source, __filename) : require("../dist/provision/own/handler.js");
