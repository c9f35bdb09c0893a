/** The ignored folder of this checkout: passphrase, state, salt, and the choices made at run time. None of it is ever committed. */
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { checkout } from "./places.js";
import { rememberable } from "./settings-choice.js";

const DEV = "dev";
/** The stack that the lab's commands work on. Another name is another stack beside it, with containers, volumes and ports of its own. */
export const stackName = (): string => process.env["WARREN_STACK"] || DEV;
/** As Pulumi.yaml says. */
export const projectName = "warren";

/** Marks the backend that a command of the lab has set for those that it starts: it is nobody's choice. */
const OWN_BACKEND = "WARREN_OWN_BACKEND";

export interface Choices {
  readonly version: 1;
  /** The system that is up: a name, `all`, or the path of a file. Undefined: what the tracked configuration says. */
  readonly system?: string;
  /** Settings of the stack that were chosen by options, by their keys below `warren:`. */
  readonly settings?: Readonly<Record<string, string>>;
}

export class Workspace {
  readonly passphraseFile: string;
  readonly stateFolder: string;
  /** The configuration that a run gets: the tracked one with the choices of this checkout. */
  readonly configFile: string;
  /** What `up` was told so far. */
  readonly choicesFile: string;
  /** A copy of the last whole state. */
  readonly lastStateFile: string;
  /** A project of the same name, in which a stack is made: the engine writes the salt there and not into the tracked file. */
  readonly birthplace: string;
  /** Whether the state is in a backend of the caller's (`PULUMI_BACKEND_URL`), with others at work on it; never that of dev. */
  readonly shared: boolean;

  constructor(
    readonly folder: string,
    /** The folder with Pulumi.yaml. */
    readonly program: string = checkout,
    private readonly stack: string = stackName(),
    caller: NodeJS.ProcessEnv = process.env,
  ) {
    const { PULUMI_BACKEND_URL: backend, [OWN_BACKEND]: ours } = caller;
    this.shared = stack !== DEV && Boolean(backend) && backend !== ours;
    this.passphraseFile = join(folder, "passphrase");
    this.stateFolder = join(folder, "state");
    this.configFile = join(folder, `Pulumi.${stack}.yaml`);
    const own = stack === DEV ? "" : `.${stack}`;
    this.choicesFile = join(folder, `choices${own}.json`);
    this.lastStateFile = join(folder, `last-state${own}.json`);
    this.birthplace = join(folder, "birthplace");
  }

  /** Makes what is missing. */
  prepare(): void {
    for (const folder of [this.folder, this.stateFolder, this.birthplace]) mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(this.folder, 0o700);
    if (!existsSync(this.passphraseFile)) writeWhole(this.passphraseFile, `${randomBytes(32).toString("base64url")}\n`);
    writeWhole(join(this.birthplace, "Pulumi.yaml"), `name: ${projectName}\nruntime: nodejs\n`);
  }

  /**
   * For the engine: where state and passphrase are. A passphrase of the caller's own would win over the file, so it is left out; with a backend of
   * the caller's own everything is as the caller has it.
   */
  environment(tools: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
    const { PULUMI_STACK: _stack, ...given } = tools;
    if (this.shared) return { ...given, WARREN_SHARED_STATE: "true", WARREN_CHECKOUT: this.program };
    const { PULUMI_CONFIG_PASSPHRASE: _passphrase, ...env } = given;
    const backend = pathToFileURL(this.stateFolder).href;
    return {
      ...env,
      PULUMI_BACKEND_URL: backend,
      [OWN_BACKEND]: backend,
      PULUMI_CONFIG_PASSPHRASE_FILE: this.passphraseFile,
      PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS: "true",
      WARREN_CHECKOUT: this.program,
    };
  }

  get checkpointFile(): string {
    return join(this.stateFolder, ".pulumi", "stacks", projectName, `${this.stack}.json`);
  }

  get lockFolder(): string {
    return join(this.stateFolder, ".pulumi", "locks", "organization", projectName, this.stack);
  }

  choices(): Choices {
    if (!existsSync(this.choicesFile)) return { version: 1 };
    const { settings, ...choices } = JSON.parse(readFileSync(this.choicesFile, "utf8")) as Choices;
    return settings === undefined ? choices : { ...choices, settings: rememberable(settings) };
  }

  remember(choices: Choices): void {
    writeWhole(this.choicesFile, `${JSON.stringify(choices, null, 2)}\n`);
  }
}

/** Writes a file that is either the old one or the new one, readable by its owner alone. */
export function writeWhole(file: string, content: string): void {
  const fresh = `${file}.${process.pid}`;
  writeFileSync(fresh, content, { mode: 0o600 });
  renameSync(fresh, file);
}
