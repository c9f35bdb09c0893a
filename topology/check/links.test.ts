import { linkRules } from "./links.js";
import { runRuleCases } from "./rule-cases.js";

runRuleCases(linkRules, [
  {
    code: "shovel-incomplete",
    finds: { shovels: { s: { from: { uri: { secret: "a" } }, to: { uri: { secret: "b" } } } } },
    at: "shovels.s.from",
    value: undefined,
    quiet: { shovels: { s: { from: { uri: { secret: "a" }, queue: "q" }, to: { uri: { secret: "b" } } } } },
  },
  {
    code: "shovel-incomplete",
    about: "two targets",
    finds: { shovels: { s: { from: { uri: { secret: "a" }, queue: "q" }, to: { uri: { secret: "b" }, queue: "q", exchange: "x" } } } },
    at: "shovels.s.to",
    value: undefined,
    quiet: { shovels: { s: { from: { uri: { secret: "a" }, queue: "q" }, to: { uri: { secret: "b" }, exchange: "x" } } } },
  },
  {
    code: "upstream-unused",
    finds: { federationUpstreams: { u: { uri: { secret: "u" } } } },
    at: "federationUpstreams.u",
    value: "u",
    quiet: {
      federationUpstreams: { u: { uri: { secret: "u" } } },
      policies: { p: { pattern: "x", definition: { "federation-upstream-set": "all" } } },
    },
  },
]);
