import { runRuleCases } from "./rule-cases.js";
import { templateRules } from "./templates.js";

const x = { exchanges: { x: { type: "topic" } } } as const;
const template = (name: string, more: object = {}) => ({ templates: { t: { type: "quorum", name, ...more } as never } });

runRuleCases(templateRules, [
  {
    code: "template-leaves-queues",
    finds: template("t.{id}"),
    at: "templates.t",
    value: "t.{id}",
    quiet: template("t.{id}", { expires: "1 minute" }),
  },
  {
    code: "template-leaves-queues",
    about: "which delete themselves",
    finds: { templates: { t: { type: "classic", name: "t.{id}" } } },
    at: "templates.t",
    value: "t.{id}",
    quiet: { templates: { t: { type: "classic", name: "t.{id}", autoDelete: true } } },
  },
  {
    code: "template-collision",
    finds: { ...template("{kind}-{id}"), queues: { "dead-letters": { type: "quorum" } } },
    at: "templates.t.name",
    value: "dead-letters",
    quiet: { ...template("{kind}-{id}"), queues: { "dead.letters": { type: "quorum" } } },
  },
  {
    code: "template-collision",
    about: "another template",
    finds: { templates: { a: { type: "quorum", name: "in.{id}" }, b: { type: "quorum", name: "{kind}.{id}" } } },
    at: "templates.b.name",
    value: "{kind}.{id}",
    quiet: { templates: { a: { type: "quorum", name: "in.{id}" }, b: { type: "quorum", name: "out.{id}" } } },
  },
  {
    code: "placeholder-unknown",
    finds: { ...template("{serviceType}-{id}"), services: { s: { instances: { t: { serviceTyp: "a" } } } } },
    at: "services.s.instances.t.serviceTyp",
    value: "serviceTyp",
    says: 'Did you mean "serviceType"?',
    quiet: { ...template("{serviceType}-{id}"), services: { s: { instances: { t: { serviceType: "a" } } } } },
  },
  {
    code: "placeholder-unknown",
    about: "a value of several words",
    finds: { ...template("{kind}-{id}"), services: { s: { instances: { t: { kind: "a.b" } } } } },
    at: "services.s.instances.t.kind",
    value: "a.b",
    quiet: { ...template("{kind}-{id}"), services: { s: { instances: { t: { kind: "a-b" } } } } },
  },
  {
    code: "placeholder-unfilled",
    finds: { ...x, ...template("t.{id}", { from: { x: ["all", "for.{kind}"] } }), services: { s: { instances: { t: {} } } } },
    at: "templates.t.from.x[1]",
    value: "for.{kind}",
    quiet: {
      ...x,
      ...template("t.{id}", { from: { x: ["for.{id}", "for.{kind}"] } }),
      services: { s: { instances: { t: { kind: "a" } } } },
    },
  },
  {
    code: "placeholder-unfilled",
    about: "by one of two services",
    finds: {
      ...x,
      ...template("t.{id}", { from: { x: "{kind}" } }),
      services: { a: { instances: { t: { kind: "a" } } }, b: { instances: { t: {} } } },
    },
    at: "templates.t.from.x",
    value: "{kind}",
    quiet: {
      ...x,
      ...template("t.{id}", { from: { x: "{kind}" } }),
      services: { a: { instances: { t: { kind: "a" } } }, b: { instances: { t: { kind: "b" } } } },
    },
  },
  { code: "template-shared", finds: template("inbox"), at: "templates.t.name", value: "inbox", quiet: template("inbox.{id}") },
  {
    code: "template-shared",
    about: "because a service fills in everything",
    finds: { ...template("inbox.{id}"), services: { s: { instances: { t: { id: "a" } } } } },
    at: "services.s.instances.t",
    value: { id: "a" },
    quiet: { ...template("inbox.{kind}.{id}"), services: { s: { instances: { t: { kind: "a" } } } } },
  },
  {
    code: "template-unused",
    finds: { ...template("t.{id}"), services: { s: {} } },
    at: "templates.t",
    value: "t",
    quiet: { ...template("t.{id}"), services: { s: { instances: { t: {} } } } },
  },
]);
