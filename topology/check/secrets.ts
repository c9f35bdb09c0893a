/** Secrets that stand in a topology in clear, in URIs and in parameters. */
import type { Installation } from "../model.js";
import { path } from "../path.js";
import { withoutSecretParameters } from "../secret-names.js";
import type { Facts } from "./facts.js";
import { type Fault, type Rule, type SharedFault } from "./rule.js";

const CREDENTIALS = /^([a-z][a-z0-9+.-]*:\/\/[^/@:\s]*):([^/\s]*)@/i;
const SECRET_KEYS = /^(.*[-_.])?(password|passwd|passphrase|secret|token|api[-_]?key)$/i;

/** Every text inside a value, with its path. A `{ secret: "name" }` is a reference, and no secret. */
function* texts(value: unknown, at: string, key = ""): Iterable<{ text: string; path: string; key: string }> {
  if (typeof value === "string") yield { text: value, path: at, key };
  else if (Array.isArray(value)) for (const [index, item] of value.entries()) yield* texts(item, `${at}[${index}]`, key);
  else if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value);
    if (entries.length === 1 && entries[0]?.[0] === "secret") return;
    for (const [inner, item] of entries) yield* texts(item, at === "" ? path(inner) : `${at}${path("x", inner).slice(1)}`, inner);
  }
}

function* inside(value: unknown, at: string): Iterable<Fault> {
  for (const { text, path: where, key } of texts(value, at)) {
    const uri = CREDENTIALS.exec(text);
    const shown = withoutSecretParameters(uri?.[2] ? text.replace(CREDENTIALS, "$1:***@") : text);
    if (uri?.[2] || shown !== text) yield { path: where, message: "A URI has a password in clear.", value: shown };
    else if (!uri && text !== "" && SECRET_KEYS.test(key))
      yield { path: where, message: `The value of ${JSON.stringify(key)} looks like a secret in clear.`, value: "***" };
  }
}

function* secrets({ topology }: Facts): Iterable<Fault> {
  for (const [name, { uri }] of Object.entries(topology.federationUpstreams ?? {}))
    yield* inside(uri, `${path("federationUpstreams", name)}.uri`);
  for (const [name, { from, to }] of Object.entries(topology.shovels ?? {})) {
    yield* inside(from.uri, `${path("shovels", name)}.from.uri`);
    yield* inside(to.uri, `${path("shovels", name)}.to.uri`);
  }
  for (const [index, { value }] of (topology.parameters ?? []).entries()) yield* inside(value, `${path("parameters", index)}.value`);
  for (const [name, service] of Object.entries(topology.services ?? {})) yield* ownPassword(service, path("services", name));
  for (const [name, user] of Object.entries(topology.users ?? {})) yield* ownPassword(user, path("users", name));
}

/** Plain JavaScript may write the password itself where its name is asked for. */
function* ownPassword(login: { readonly password?: unknown }, origin: string): Iterable<Fault> {
  if (typeof login.password === "string") yield { path: `${origin}.password`, message: "A password stands in clear.", value: "***" };
}

function* sharedSecrets(installation: Installation): Iterable<SharedFault> {
  for (const [name, value] of Object.entries(installation.globalParameters ?? {})) yield* inside({ [name]: value }, "globalParameters");
  for (const [name, user] of Object.entries(installation.users ?? {})) yield* ownPassword(user, path("users", name));
}

export const secretRules: readonly Rule[] = [
  {
    code: "secret-in-topology",
    severity: "error",
    title: "A secret in clear",
    why: "A topology is committed, printed and drawn; whoever reads it can log in.",
    remedy:
      'Write { secret: "NAME" } in its place, and put the value into the configuration: pulumi config set --secret --path warren:secrets.NAME.',
    find: secrets,
    findAcross: sharedSecrets,
  },
];
