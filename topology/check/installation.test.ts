import { installationRules } from "./installation.js";
import { runRuleCases } from "./rule-cases.js";

const several = (...topologies: { name: string }[]) => ({ installation: { topologies } });

runRuleCases(installationRules, [
  {
    code: "vhost-collision",
    finds: several({ name: "a" }, { name: "b", vhost: { name: "a" } } as never),
    at: "vhost.name",
    value: "a",
    says: /"a" and "b"/,
    quiet: several({ name: "a" }, { name: "b", vhost: { name: "c" } } as never),
  },
  {
    code: "vhost-collision",
    about: "one name twice",
    finds: several({ name: "a" }, { name: "a" }),
    at: "name",
    value: "a",
    quiet: several({ name: "a" }, { name: "b" }),
  },
  {
    code: "user-collision",
    finds: several({ name: "a", users: { u: { tags: ["monitoring"] } } } as never, { name: "b", users: { u: {} } } as never),
    at: "users.u",
    value: "u",
    says: /topology "a"/,
    quiet: several(
      { name: "a", users: { u: { tags: ["monitoring"] } } } as never,
      { name: "b", users: { u: { tags: ["monitoring"] } } } as never,
    ),
  },
  {
    code: "user-collision",
    about: "with the installation's",
    finds: { installation: { topologies: [{ name: "a", services: { s: { user: "u", password: { secret: "s" } } } }], users: { u: {} } } },
    at: "services.s",
    value: "u",
    says: /the installation/,
    quiet: { installation: { topologies: [{ name: "a", services: { s: { user: "v", password: { secret: "s" } } } }], users: { u: {} } } },
  },
  {
    code: "undeclared-vhost",
    finds: { installation: { topologies: [{ name: "orders" }], users: { u: { vhosts: { order: {} } } } } },
    at: "users.u.vhosts.order",
    value: "order",
    says: 'Did you mean "orders"?',
    quiet: { installation: { topologies: [{ name: "orders" }], users: { u: { vhosts: { orders: {} } } } } },
  },
]);
