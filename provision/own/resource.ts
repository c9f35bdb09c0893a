/** Own resources on the side of the program: what is registered with the engine. */
import * as pulumi from "@pulumi/pulumi";
import type { Connection } from "../connection.js";
import type { Spec } from "./kind.js";
import { KINDS, type KindName } from "./kinds.js";
import type { LocalName } from "./local.js";

/**
 * The code that the state keeps. It never changes: what it loads is the package's, found from the program's folder, so that the state holds
 * neither code nor credentials, and an upgraded package alone makes no difference.
 */
const LOADER =
  'exports.handler = () => require("node:module").createRequire(process.cwd() + "/package.json")("warren/own-resources").handler();';

const LOCAL_TYPES: Readonly<Record<LocalName, string>> = {
  password: "Password",
  guard: "Guard",
  ready: "Ready",
  turn: "Turn",
  member: "Member",
};

const typeOf = (kind: KindName | LocalName): string => (kind in KINDS ? KINDS[kind as KindName].type : LOCAL_TYPES[kind as LocalName]);

export type SpecInput = { readonly [Field in keyof Spec]: pulumi.Input<unknown> };

/** The engine's type of an own resource: `pulumi-nodejs:dynamic/warren:User`. */
export const ownType = (kind: KindName | LocalName): string => `pulumi-nodejs:dynamic/warren:${typeOf(kind)}`;

export class OwnResource extends pulumi.CustomResource {
  /** What was asked for; after a refresh, what the broker has. */
  declare readonly spec: pulumi.Output<Record<string, unknown>>;
  /** Of kind `password`. Secret. */
  declare readonly password: pulumi.Output<string>;
  /** Of kinds `password` and `user`. Secret. */
  declare readonly passwordHash: pulumi.Output<string>;

  constructor(
    kind: KindName | LocalName,
    name: string,
    args: { readonly spec: SpecInput; readonly connection?: pulumi.Input<Connection> },
    options: pulumi.CustomResourceOptions = {},
  ) {
    super(
      ownType(kind),
      name,
      {
        __provider: LOADER,
        kind,
        spec: args.spec,
        ...(args.connection === undefined ? {} : { connection: pulumi.secret(args.connection) }),
        password: undefined,
        passwordHash: undefined,
      },
      pulumi.mergeOptions({ additionalSecretOutputs: ["password", "passwordHash", "connection"] }, options),
    );
  }
}
