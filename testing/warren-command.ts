/** Runs the `warren` command in this process, and keeps what it says. */
import { run } from "../cli/main.js";

export interface Said {
  readonly code: number;
  readonly out: string;
  /** Each piece on a line of its own. */
  readonly error: string;
}

export interface Place {
  readonly cwd: string;
  /** @default empty */
  readonly environment?: Readonly<Record<string, string>>;
}

export async function warrenCommand(words: readonly string[], { cwd, environment = {} }: Place): Promise<Said> {
  let [out, error] = ["", ""];
  const console = {
    out: (text: string) => void (out += text),
    error: (text: string) => void (error += `${text}\n`),
    style: (_: string, text: string) => text,
    ...{ cwd, environment },
  };
  const code = await run(words, console, "1.2.3");
  return { code, out, error };
}
