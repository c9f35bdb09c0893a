/** `warren permissions`: what each user may do, and why. */
import { forEnvironment } from "../../topology/environments.js";
import { compileInstallation } from "../../topology/compile/compile.js";
import type { Installation } from "../../topology/model.js";
import { permissionReasons } from "../../topology/permission-reasons.js";
import { readInstallation } from "../input.js";
import { json, visible, type Console } from "../output.js";
import { examples, options, TOPOLOGY, type Verb } from "../verb.js";

interface Options {
  readonly json?: boolean;
  readonly broker?: string;
  readonly environment?: string;
}

interface UserRights {
  readonly user: string;
  readonly service: string | null;
  readonly vhost: string;
  readonly configure: string;
  readonly write: string;
  readonly read: string;
  /** By topic exchange: the keys it may publish and bind with. */
  readonly topic: readonly { readonly exchange: string; readonly write: string; readonly read: string }[];
  readonly why: readonly string[];
}

export function userRights(installation: Installation, environment?: string): UserRights[] {
  const { vhosts, global } = compileInstallation(installation, environment);
  const services = vhosts.flatMap((plan, index): UserRights[] => {
    const source = installation.topologies[index];
    const topology = source && forEnvironment(source, environment);
    return plan.permissions.map(({ user, configure, write, read }) => {
      const service = plan.users.find(({ name }) => name === user)?.service;
      return {
        user,
        service: service ?? null,
        vhost: plan.vhost.name,
        configure,
        write,
        read,
        topic: plan.topicPermissions.filter((topic) => topic.user === user).map(({ exchange, write, read }) => ({ exchange, write, read })),
        why: topology && service !== undefined ? permissionReasons(topology, service, write) : ["as the topology says"],
      };
    });
  });
  const shared = global.permissions.map(({ user, vhost, configure, write, read }) => ({
    user,
    service: null,
    vhost,
    configure,
    write,
    read,
    topic: global.topicPermissions
      .filter((topic) => topic.user === user && topic.vhost === vhost)
      .map(({ exchange, write, read }) => ({ exchange, write, read })),
    why: ["as the installation says"],
  }));
  return [...services, ...shared];
}

const regex = (text: string): string => (text === "" ? "(nothing)" : visible(text));

function block(rights: UserRights, { style }: Console): string {
  const { user, service, vhost, configure, write, read, topic, why } = rights;
  const rows: [string, string][] = [
    ["configure", regex(configure)],
    ["write", regex(write)],
    ["read", regex(read)],
    ...topic.map(({ exchange, ...keys }): [string, string] => [
      "topic",
      `${visible(exchange)}: write keys ${regex(keys.write)}, read keys ${regex(keys.read)}`,
    ]),
    ...why.map((reason, index): [string, string] => [index === 0 ? "because it" : "", visible(reason)]),
  ];
  const where = visible(`${service === null ? "user" : `service ${service}`}, vhost ${vhost}`);
  return [
    `${style("bold", visible(user))}  ${style("dim", where)}`,
    ...rows.map(([name, text]) => `  ${style("dim", name.padEnd(10))}  ${text}`),
  ].join("\n");
}

export const permissionsVerb: Verb = (program, console, exit) => {
  program
    .command("permissions")
    .summary("print what each service may do, and why")
    .description("Prints the permissions of each service's user: three regular expressions, keys by topic exchange, and the reasons.")
    .argument("[topology]", TOPOLOGY)
    .addOption(options.environment())
    .addOption(options.broker())
    .addOption(options.json())
    .addHelpText("after", examples("warren permissions debias", "warren permissions ./orders.ts --json"))
    .action(async (topology: string | undefined, given: Options) => {
      const rights = userRights(await readInstallation(topology, given, console), given.environment);
      if (given.json) console.out(json({ version: 1, permissions: rights }));
      else
        console.out(
          rights.length === 0 ? "No service and no user with permissions." : rights.map((each) => block(each, console)).join("\n\n"),
        );
      exit(0);
    });
};
