/** `npm run lab:kubernetes`: up, down or how it stands, with its options checked. */
import { WarrenError } from "../../topology/errors.js";
import { print } from "../steps.js";
import { downCluster, leftovers } from "./down.js";
import { extras, type ExtraName } from "./operators.js";
import { clusterStatus, statusText } from "./status.js";
import { upCluster } from "./up.js";

/** As they come from the command line. */
export interface KubernetesOptions {
  readonly down?: boolean;
  readonly status?: boolean;
  readonly json?: boolean;
  readonly nodes?: string;
  readonly kwok?: string;
  /** `--no-operators` */
  readonly operators: boolean;
  /** Names with commas between. */
  readonly with?: string;
}

/** Gives the exit code: of `--status`, 1 if no cluster runs; of `--down`, 1 if something is left. */
export async function kubernetes(options: KubernetesOptions): Promise<number> {
  if (options.down && options.status) throw new WarrenError("--down and --status exclude each other", { exitCode: 2 });
  if (options.down) {
    await downCluster();
    return (await leftovers()).length === 0 ? 0 : 1;
  }
  if (!options.status) {
    const nodes = count("--nodes", options.nodes, 1, 3);
    const kwok = count("--kwok", options.kwok, 1, 500);
    const extra = extraOperators(options);
    await upCluster({ operators: options.operators, with: extra, ...(nodes ? { nodes } : {}), ...(kwok ? { kwok } : {}) });
  }
  const status = await clusterStatus();
  print(options.json ? JSON.stringify(status, undefined, 2) : statusText(status));
  return status.running ? 0 : 1;
}

const isExtra = (name: string): name is ExtraName => Object.hasOwn(extras, name);

function extraOperators({ with: names = "", operators }: KubernetesOptions): ExtraName[] {
  const wanted = names.split(",").filter((name) => name !== "");
  const unknown = wanted.find((name) => !isExtra(name));
  if (unknown !== undefined)
    throw new WarrenError(`--with ${unknown} is no operator of the lab's`, { allowed: Object.keys(extras), exitCode: 2 });
  if (wanted.length > 0 && !operators) throw new WarrenError("--with and --no-operators exclude each other", { exitCode: 2 });
  return wanted.filter(isExtra);
}

function count(name: string, text: string | undefined, min: number, max: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new WarrenError(`${name} ${text} is no number of nodes`, { allowed: [`${min} to ${max}`], exitCode: 2 });
}
