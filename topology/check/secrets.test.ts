import fc from "fast-check";
import { expect, it } from "vitest";
import { check } from "./check.js";
import { runRuleCases } from "./rule-cases.js";
import { secretRules } from "./secrets.js";

runRuleCases(secretRules, [
  {
    code: "secret-in-topology",
    about: "an upstream",
    finds: { federationUpstreams: { u: { uri: ["amqp://far.example", "amqps://guest:hunter2@far.example/%2F"] } } },
    at: "federationUpstreams.u.uri[1]",
    value: "amqps://guest:***@far.example/%2F",
    quiet: { federationUpstreams: { u: { uri: ["amqp://far.example", { secret: "far" }, "amqp://user@far.example"] } } },
  },
  {
    code: "secret-in-topology",
    about: "the passphrase of a TLS key in a URI's query",
    finds: { federationUpstreams: { u: { uri: "amqps://far.example?keyfile=/k.pem&password=hunter2&verify=verify_peer" } } },
    at: "federationUpstreams.u.uri",
    value: "amqps://far.example?keyfile=/k.pem&password=***&verify=verify_peer",
    quiet: { federationUpstreams: { u: { uri: "amqps://far.example?keyfile=/k.pem&verify=verify_peer" } } },
  },
  {
    code: "secret-in-topology",
    about: "a shovel",
    finds: { shovels: { s: { from: { uri: "amqp://a:b@h", queue: "q" }, to: { uri: { secret: "x" } } } } },
    at: "shovels.s.from.uri",
    value: "amqp://a:***@h",
    quiet: { shovels: { s: { from: { uri: { secret: "y" }, queue: "q" }, to: { uri: { secret: "x" } } } } },
  },
  {
    code: "secret-in-topology",
    about: "a parameter",
    finds: { parameters: [{ component: "c", name: "n", value: { deep: [{ "api-key": "12345" }] } }] },
    at: 'parameters[0].value.deep[0]["api-key"]',
    value: "***",
    quiet: { parameters: [{ component: "c", name: "n", value: { deep: [{ "api-key": { secret: "key" } }], password: "" } }] },
  },
  {
    code: "secret-in-topology",
    about: "a global parameter",
    finds: { installation: { topologies: [], globalParameters: { auth: { password: "hunter2" } } } },
    at: "globalParameters.auth.password",
    value: "***",
    quiet: { installation: { topologies: [], globalParameters: { cluster: "a" } } },
  },
  {
    code: "secret-in-topology",
    about: "a user's password",
    finds: { users: { u: { password: "hunter2" as never } }, services: { s: { password: { secret: "s" } } } },
    at: "users.u.password",
    value: "***",
    quiet: { users: { u: { password: { secret: "u" } } } },
  },
]);

it("never shows a password", () => {
  const word = fc.string({ unit: fc.constantFrom("s", "e", "c", "r", "t", "!", "%", "2"), minLength: 8, maxLength: 12 });
  fc.assert(
    fc.property(word, (password) => {
      const uri = `amqps://user:${password}@host/vhost`;
      const found = check({
        topologies: [
          {
            name: "t",
            federationUpstreams: { u: { uri } },
            shovels: { s: { from: { uri, queue: "q" }, to: { uri: [uri] } } },
            parameters: [{ component: "c", name: "n", value: { uri, password } }],
          },
        ],
        globalParameters: { uri },
      });
      expect(found.filter(({ code }) => code === "secret-in-topology")).toHaveLength(6);
      expect(JSON.stringify(found)).not.toContain(password);
    }),
  );
});
