import { expect, it } from "vitest";
import { environmentRules } from "./environments.js";
import { findings, runRuleCases } from "./rule-cases.js";

const base = { queues: { q: { type: "quorum", retry: ["1 second", "2 seconds"] } }, services: { s: {} } } as const;
const prod = (sizes: object) => ({ ...base, environments: { prod: sizes as never } });

runRuleCases(environmentRules, [
  {
    code: "environment-shape",
    finds: prod({ queues: { q: { maxLenght: 5 } } }),
    at: "environments.prod.queues.q.maxLenght",
    value: 5,
    says: 'Did you mean "maxLength"?',
    quiet: prod({ queues: { q: { maxLength: 5, quorumInitialGroupSize: 3 } } }),
  },
  {
    code: "environment-shape",
    about: "a type",
    finds: prod({ queues: { q: { type: "classic" } } }),
    at: "environments.prod.queues.q.type",
    value: "classic",
    quiet: prod({ queues: { q: {} } }),
  },
  {
    code: "environment-shape",
    about: "another number of rungs",
    finds: prod({ queues: { q: { retry: ["1 second"] } } }),
    at: "environments.prod.queues.q.retry",
    value: ["1 second"],
    says: /2 waiting times/,
    quiet: prod({ queues: { q: { retry: ["1 minute", "2 minutes"] } } }),
  },
  {
    code: "environment-shape",
    about: "what a service does",
    finds: prod({ services: { s: { consumes: ["q"] } } }),
    at: "environments.prod.services.s.consumes",
    value: ["q"],
    quiet: prod({ services: { s: { replicas: { min: 1, max: 2 }, load: { rate: 3 } } } }),
  },
  {
    code: "environment-shape",
    about: "the vhost's name",
    finds: prod({ vhost: { name: "other" } }),
    at: "environments.prod.vhost.name",
    value: "other",
    quiet: prod({ vhost: { deletionProtection: true } }),
  },
  {
    code: "environment-shape",
    about: "whole sections",
    finds: prod({ exchanges: {} }),
    at: "environments.prod.exchanges",
    value: {},
    quiet: prod({}),
  },
]);

it("finds another number of rungs when that environment is the one that is checked", () => {
  const found = findings(prod({ queues: { q: { retry: ["1 second"] } } }), "environment-shape", { environment: "prod" });
  expect(found.map(({ path }) => path)).toEqual(["environments.prod.queues.q.retry"]);
});
