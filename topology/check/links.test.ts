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
    code: "link-refused",
    about: "a URI of another scheme, without what follows",
    finds: { federationUpstreams: { u: { uri: ["amqps://a", "http://me:geheim@host"] } } },
    at: "federationUpstreams.u.uri",
    value: "http:",
    says: /^(?!.*geheim)/s,
    quiet: { federationUpstreams: { u: { uri: ["amqps://a", { secret: "u" }, "amqp://"] } } },
  },
  {
    code: "link-refused",
    about: "a negative number of messages",
    finds: { shovels: { s: { from: { queue: "q", deleteAfter: -5 }, to: { queue: "r" } } } },
    at: "shovels.s.from.deleteAfter",
    value: -5,
    quiet: { shovels: { s: { from: { queue: "q", deleteAfter: 0 }, to: { queue: "r" } } } },
  },
  {
    code: "upstream-unused",
    about: "a pattern of upstreams",
    finds: {
      federationUpstreams: { u: { uri: { secret: "u" } } },
      policies: { p: { pattern: "x", definition: { "federation-upstream-pattern": "^v" } } },
    },
    at: "federationUpstreams.u",
    value: "u",
    quiet: {
      federationUpstreams: { u: { uri: { secret: "u" } } },
      policies: { p: { pattern: "x", definition: { "federation-upstream-pattern": "^u" } } },
    },
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
