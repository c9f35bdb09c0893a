/** Rules about templates: what their instances fill in, leave behind, and meet. */
import { fill, placeholders } from "../names.js";
import type { QueueTemplate } from "../model.js";
import { entry } from "../entry.js";
import { path } from "../path.js";
import { exactNames, matches } from "../regex.js";
import type { Facts } from "./facts.js";
import { quote, several, type Fault, type Rule } from "./rule.js";
import { suggest } from "./suggest.js";

const keysOf = (facts: Facts, template: string): { key: string; path: string }[] =>
  facts.plan.templates
    .filter((planned) => planned.template === template)
    .flatMap(({ bindings }) => bindings.map(({ routingKey, origin }) => ({ key: routingKey, path: origin })));

/** Which services have instances of a template, and what they fill in. */
function users(facts: Facts, template: string): [service: string, values: Readonly<Record<string, string>>][] {
  return Object.entries(facts.topology.services ?? {}).flatMap(([service, { instances }]) => {
    const values = entry(instances, template);
    return values ? [[service, values] as [string, Readonly<Record<string, string>>]] : [];
  });
}

const templates = (facts: Facts): [string, QueueTemplate][] => Object.entries(facts.topology.templates ?? {});

function* leavesQueues(facts: Facts): Iterable<Fault> {
  for (const template of facts.plan.templates)
    if (!template.autoDelete && !facts.settings(template).has("expires"))
      yield {
        path: template.origin,
        message: `Queues of template ${quote(template.template)} stay when their instance is gone for good.`,
        value: template.name,
      };
}

/** A name that an instance may have. */
const example = (name: string): string => fill(name, Object.fromEntries(placeholders(name).map((placeholder) => [placeholder, "x"])));

function* collisions(facts: Facts): Iterable<Fault> {
  const { templates: all, queues } = facts.plan;
  for (const [index, { template, pattern, origin }] of all.entries()) {
    const exact = exactNames(pattern);
    const met = exact
      ? exact.filter((name) => facts.queues.has(name))
      : queues.filter(({ name }) => matches(pattern, name)).map(({ name }) => name);
    if (met.length > 0)
      yield {
        path: `${origin}.name`,
        message: `An instance of template ${quote(template)} may have the name of queue ${several(met)}.`,
        value: met[0],
      };
    for (const other of all.slice(index + 1))
      if (matches(pattern, example(other.name)) || matches(other.pattern, example(entry(facts.topology.templates, template)?.name ?? "")))
        yield {
          path: `${other.origin}.name`,
          message: `Instances of the templates ${quote(template)} and ${quote(other.template)} may have the same name.`,
          value: other.name,
        };
  }
}

function* unknownPlaceholders(facts: Facts): Iterable<Fault> {
  for (const [template, { name }] of templates(facts)) {
    const known = new Set([name, ...keysOf(facts, template).map(({ key }) => key)].flatMap(placeholders));
    for (const [service, values] of users(facts, template))
      for (const [placeholder, value] of Object.entries(values)) {
        const origin = `${path("services", service)}.${path("instances", template, placeholder)}`;
        if (!known.has(placeholder))
          yield {
            path: origin,
            message: `Template ${quote(template)} has no placeholder ${quote(placeholder)}.`,
            value: placeholder,
            ...suggest(placeholder, known, "Leave it out."),
          };
        else if (value === "" || /[.*#{}]/.test(value))
          yield {
            path: origin,
            message: `The placeholder ${quote(placeholder)} is filled in with ${quote(value)}, which is not one word.`,
            value,
            allowed: ["a word without . * # { }"],
          };
      }
  }
}

function* unfilled(facts: Facts): Iterable<Fault> {
  for (const [template, { name }] of templates(facts)) {
    const own = new Set(placeholders(name));
    const services = users(facts, template);
    for (const { key, path: at } of keysOf(facts, template))
      for (const placeholder of placeholders(key)) {
        if (own.has(placeholder) || (services.length > 0 && services.every(([, values]) => Object.hasOwn(values, placeholder)))) continue;
        yield {
          path: at,
          message: `The placeholder ${quote(placeholder)} in key ${quote(key)} stands neither in the template's name nor among what ${services.length > 0 ? "every service" : "a service"} fills in.`,
          value: key,
          allowed: [...own].map((word) => `{${word}}`),
        };
      }
  }
}

function* shared(facts: Facts): Iterable<Fault> {
  for (const [template, { name }] of templates(facts)) {
    const open = placeholders(name);
    if (open.length === 0) {
      yield {
        path: `${path("templates", template)}.name`,
        message: `The name ${quote(name)} of template ${quote(template)} has no placeholder: all instances have one queue.`,
        value: name,
      };
      continue;
    }
    for (const [service, values] of users(facts, template))
      if (open.every((placeholder) => Object.hasOwn(values, placeholder)))
        yield {
          path: `${path("services", service)}.${path("instances", template)}`,
          message: `Service ${quote(service)} fills in every placeholder of ${quote(name)}: all of its instances have one queue.`,
          value: values,
        };
  }
}

function* unused(facts: Facts): Iterable<Fault> {
  if (!facts.knowsServices) return;
  for (const [template] of templates(facts))
    if (users(facts, template).length === 0)
      yield { path: path("templates", template), message: `No service has instances of template ${quote(template)}.`, value: template };
}

export const templateRules: readonly Rule[] = [
  {
    code: "template-leaves-queues",
    severity: "warning",
    title: "A template whose queues outlive their instances",
    why: "An instance that dies, or comes back under another name, leaves a queue that fills up and that nobody reads.",
    remedy: 'Give it expires: "10 minutes" (a short absence loses nothing), or autoDelete.',
    find: leavesQueues,
  },
  {
    code: "template-collision",
    severity: "error",
    title: "A template whose queues may meet other queues",
    why: "The generated policy and the permissions of the template hold for the other queue too, and an instance may declare a queue that is there with other settings (406).",
    remedy: "Give the names a part that no other queue has, with a dot: a placeholder stands for one word.",
    find: collisions,
  },
  {
    code: "placeholder-unknown",
    severity: "error",
    refused: true,
    title: "A placeholder that a template does not have",
    why: "What is filled in goes nowhere, and the placeholder that was meant stays open.",
    remedy: "Correct the name of the placeholder, or its value.",
    find: unknownPlaceholders,
  },
  {
    code: "placeholder-unfilled",
    severity: "error",
    title: "A placeholder in a key that nobody fills in",
    why: "An instance knows its own name and what its service says; it cannot know more, and binds wrongly.",
    remedy: "Use a placeholder of the template's name, or fill it in at each service's instances.",
    find: unfilled,
  },
  {
    code: "template-shared",
    severity: "warning",
    title: "A template of which all instances have one queue",
    why: "They compete for its messages instead of each getting all of them.",
    remedy: "Leave one placeholder to the instance, or declare an ordinary queue.",
    find: shared,
  },
  {
    code: "template-unused",
    severity: "warning",
    title: "A template without a service",
    why: "Nobody has the permission to declare such a queue.",
    remedy: "Name it in the instances of a service, or leave it out.",
    find: unused,
  },
];
