import { z } from "zod";
import { permissionRules } from "./permissions.js";
import { runRuleCases } from "./rule-cases.js";

const base = {
  exchanges: { x: { type: "fanout" }, y: { type: "fanout" } },
  queues: { q: { type: "quorum", from: { x: "" } } },
  messages: { m: { to: "x" } },
} as const;
const service = (permissions: object) => ({ ...base, services: { s: { publishes: ["m"], permissions } } });

runRuleCases(permissionRules, [
  {
    code: "permission-too-wide",
    finds: service({ write: "^(x|y)$" }),
    at: "services.s.permissions.write",
    value: "^(x|y)$",
    says: /may write "y".*\n\^x\$/s,
    quiet: service({ write: "^x$" }),
  },
  {
    code: "permission-too-wide",
    about: "everything",
    finds: service({ configure: ".*" }),
    at: "services.s.permissions.configure",
    value: ".*",
    says: /every other name/,
    quiet: service({ configure: "" }),
  },
  {
    code: "permission-too-wide",
    about: "of a user who is no service",
    finds: { users: { u: { permissions: { configure: "", write: "", read: ".*" } } } },
    at: "users.u.permissions.read",
    value: ".*",
    quiet: { users: { u: { tags: ["administrator"], permissions: { configure: ".*", write: ".*", read: ".*" } } } },
  },
  {
    code: "permission-missing",
    finds: service({ write: "^y$" }),
    at: "services.s.permissions.write",
    value: "^y$",
    says: /"x"/,
    quiet: service({ write: "^(x|z)$" }),
  },
  {
    code: "permission-missing",
    about: "a key of a topic exchange",
    finds: {
      exchanges: { t: { type: "topic" } },
      messages: { m: { to: "t", key: "a.b" } },
      services: { s: { publishes: ["m"], topicPermissions: { t: { write: "^zz$", read: "" } } } },
    },
    at: "services.s.topicPermissions.t.write",
    value: "^zz$",
    says: /"a\.b"/,
    quiet: {
      exchanges: { t: { type: "topic" } },
      messages: { m: { to: "t", key: "a.b" } },
      services: { s: { publishes: ["m"], topicPermissions: { t: { write: "^a\\.", read: "" } } } },
    },
  },
  {
    code: "reaches-any-queue",
    about: "by publishing to a queue",
    finds: { ...base, messages: { m: { to: { queue: "q" } } }, services: { s: { publishes: ["m"] } } },
    at: "services.s",
    value: "s",
    quiet: { ...base, services: { s: { publishes: ["m"] } } },
  },
  {
    code: "reaches-any-queue",
    about: "by replying",
    finds: { ...base, messages: { m: { to: "x", reply: z.string() } }, services: { s: { consumes: ["q"] } } },
    at: "services.s",
    value: "s",
    says: /replies to requests/,
    quiet: { ...base, services: { s: { consumes: ["q"] } } },
  },
  {
    code: "reaches-any-queue",
    about: "by putting messages back",
    finds: { ...base, services: { s: { manages: ["q"] } } },
    at: "services.s",
    value: "s",
    says: /manages q/,
    quiet: { ...base, services: { s: { manages: ["q"], permissions: { write: "" } } } },
  },
  {
    code: "user-two-passwords",
    finds: { users: { u: { password: { secret: "u" }, passwordHash: "abc" } } },
    at: "users.u.passwordHash",
    value: undefined,
    quiet: { users: { u: { password: { secret: "u" } }, v: { passwordHash: "abc" } } },
  },
  {
    code: "unknown-tag",
    finds: { users: { u: { tags: ["monitoring", "adminstrator"] } } },
    at: "users.u.tags[1]",
    value: "adminstrator",
    says: 'Did you mean "administrator"?',
    quiet: { users: { u: { tags: ["administrator", "monitoring", "policymaker", "management", "impersonator", "protected"] } } },
  },
  {
    code: "unknown-tag",
    about: "of a service, near none",
    finds: { services: { s: { tags: ["backend"] } } },
    at: "services.s.tags[0]",
    value: "backend",
    says: /\nLeave it out/,
    quiet: { services: { s: { tags: ["management"] } } },
  },
  {
    code: "unknown-tag",
    about: "of a user of the installation",
    finds: { installation: { topologies: [{ name: "a" }], users: { u: { tags: ["Monitoring"] } } } },
    at: "users.u.tags[0]",
    value: "Monitoring",
    says: 'Did you mean "monitoring"?',
    quiet: { installation: { topologies: [{ name: "a" }], users: { u: { tags: ["monitoring"] } } } },
  },
]);
