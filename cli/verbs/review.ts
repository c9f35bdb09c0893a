/** `warren review`: what a change of a topology does, as one comment for its pull request. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { InvalidArgumentError, Option } from "commander";
import { moved } from "../../provision/moved.js";
import { withoutCredentials } from "../../broker/faults.js";
import { commitOf, MissingFile } from "../../sources/revision.js";
import { check } from "../../topology/check/check.js";
import type { Finding } from "../../topology/check/finding.js";
import { graph } from "../../topology/compile/graph.js";
import { mermaid } from "../../topology/compile/mermaid.js";
import { difference, objectChanges } from "../../topology/difference/index.js";
import { environmentsOf } from "../../topology/environments.js";
import { WarrenError } from "../../topology/errors.js";
import type { Installation } from "../../topology/model.js";
import { countedChanges } from "../counted-changes.js";
import { checkEnvironment, type Input } from "../input.js";
import { deliver, json, visible, type Console } from "../output.js";
import { comment, unreviewed, type Review } from "../review/comment.js";
import { readPreview, withExitCode, type PreviewResult } from "../review/preview.js";
import { passes } from "../review/verdict.js";
import { exportedSide, readSide, SIDE } from "../side.js";
import { examples, options, type Verb } from "../verb.js";

interface Options {
  readonly name?: string;
  readonly commit?: string;
  readonly preview?: string;
  readonly previewExit?: number;
  readonly allowDataLoss?: boolean;
  readonly live?: string | true;
  readonly strict?: boolean;
  readonly json?: boolean;
  readonly output?: string;
  readonly environment?: string;
}

/** What is not there yet is empty. */
async function oldSide(argument: string, console: Console): Promise<Input & { readonly isNew: boolean }> {
  try {
    return { ...(await readSide(argument, undefined, console)), isNew: false };
  } catch (error) {
    if (!(error instanceof MissingFile)) throw error;
    return { label: argument, installation: { topologies: [] }, findings: [], exported: false, isNew: true };
  }
}

function previewOf({ preview: file, previewExit }: Options, { cwd }: Console): PreviewResult | undefined {
  if (file === undefined) {
    if (previewExit === undefined) return undefined;
    throw new WarrenError("--preview-exit is given, and no preview.", {
      remedy: "warren review OLD NEW --preview preview.json --preview-exit CODE",
      exitCode: 2,
    });
  }
  let text: string;
  try {
    text = readFileSync(resolve(cwd, file), "utf8");
  } catch (error) {
    throw new WarrenError(`"${visible(file)}" cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown fault"}).`, {
      remedy: "pulumi preview --json > preview.json",
      exitCode: 2,
    });
  }
  return withExitCode(readPreview(text, visible(file)), previewExit ?? 0);
}

const findingsOf = ({ installation, findings }: Input, environment: string | undefined): Finding[] => [
  ...findings,
  ...(installation ? check(installation, { environment }) : []),
];

const namesOf = ({ installation }: Input): string => installation?.topologies.map(({ name }) => name).join(", ") ?? "";

const same = ({ code, topology, path, message }: Finding): string => JSON.stringify([code, topology, path, message]);

const drawn = (installation: Installation | undefined, environment: string | undefined): string | undefined =>
  installation && installation.topologies.length > 0 ? mermaid(graph(installation, environment)) : undefined;

async function reviewed(from: string, to: string, given: Options, console: Console): Promise<Review> {
  const { environment } = given;
  const [old, now] = [await oldSide(from, console), await readSide(to, undefined, console)];
  const all = { topologies: [old, now].flatMap(({ installation }) => installation?.topologies ?? []) };
  checkEnvironment(all, environment);
  const environments = environmentsOf(all);
  const known = new Set(findingsOf(old, environment).map(same));
  const preview = previewOf(given, console);
  const [before, after] = [drawn(old.installation, environment), drawn(now.installation, environment)];
  const both = old.installation && now.installation ? ([old.installation, now.installation] as const) : undefined;
  const exported = exportedSide(old, now);
  const found = both && difference(...both, { environment, exported });
  const objects = both && (await countedChanges(objectChanges(...both, { environment, exported, moved }), given.live, undefined, console));
  return {
    name: given.name ?? (namesOf(now) || now.label),
    ...{ from, to, isNew: old.isNew },
    ...commitGiven(to, given, console),
    ...(environments.length === 0 ? {} : environment === undefined ? { unjudged: environments } : { environment }),
    findings: findingsOf(now, environment).map((finding) => ({ ...finding, isNew: !known.has(same(finding)) })),
    ...(found ? { difference: found } : {}),
    ...(objects ? { objects } : {}),
    ...(preview ? { preview } : {}),
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
  };
}

function commitGiven(to: string, { commit }: Options, { cwd }: Console): { readonly commit?: string } {
  const judged = commit ?? commitOf(to, cwd);
  return judged === undefined ? {} : { commit: judged };
}

/** Why there is no review, told in its place. */
async function tellFault(from: string, to: string, given: Options, console: Console, error: unknown): Promise<void> {
  const fault = withoutCredentials(error instanceof Error ? error.message : String(error));
  // By the name that the review before had, which was of the old side.
  const name = (given.name ?? (await oldSide(from, console).then(namesOf, () => ""))) || to;
  const of = { name, ...commitGiven(to, given, console), from, to };
  const markdown = unreviewed(of, fault).split("\n").map(visible).join("\n");
  deliver(console, given.json ? json({ version: 1, ...of, fault, comment: markdown }) : markdown, given.output);
}

function commitHash(text: string): string {
  if (/^[0-9a-f]{7,64}$/.test(text)) return text;
  throw new InvalidArgumentError("A commit is its hash.");
}

function exitCode(text: string): number {
  if (/^\d{1,3}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("An exit code is a number from 0 to 255.");
}

export const reviewVerb: Verb = (program, console, exit) => {
  program
    .command("review")
    .summary("write a comment about a change, for its pull request")
    .description(
      "Writes what a change does as one Markdown comment: findings of the check, what changes for messages, what becomes of each object and\n" +
        "which lose messages, what Pulumi would do, the flow before and after. Its first line is a marker, by which a workflow finds it again.\n" +
        "A revision that does not have the file yet is taken as empty. Exit code 1 if the check has errors, if the preview failed, cannot be read or\n" +
        "has steps that are not known, and, without --allow-data-loss, if the preview deletes or replaces a queue or vhost, or the broker of --live\n" +
        "holds messages that would be lost. Exit code 2 if it cannot be reviewed: the comment says why then.",
    )
    .argument("<old>", SIDE)
    .argument("<new>", "the same")
    .addOption(new Option("--preview <file.json>", "what pulumi preview --json printed"))
    .addOption(
      new Option(
        "--preview-exit <code>",
        "the exit code of that pulumi preview: not 0 is a preview that failed, whatever it printed",
      ).argParser(exitCode),
    )
    .addOption(new Option("--allow-data-loss", "a loss of messages is agreed to: it is told, and does not count for the exit code"))
    .addOption(new Option("--live [url]", "count on this broker what would be lost now (default: WARREN_BROKER_URL, then the dev stack)"))
    .addOption(new Option("--name <name>", "of the comment, where there are several (default: the topologies' names)"))
    .addOption(
      new Option("--commit <hash>", "that is judged, for the comment (default: that of <new>, if it is a revision)").argParser(commitHash),
    )
    .addOption(new Option("--strict", "exit code 1 for warnings too"))
    .addOption(options.output())
    .addOption(options.json())
    .addOption(options.environment())
    .addHelpText(
      "after",
      examples(
        "warren review origin/main:orders.ts orders.ts -o review.md",
        "pulumi preview --json > preview.json; warren review origin/main:orders.ts orders.ts --preview preview.json --preview-exit $? -e prod",
      ),
    )
    .action(async (from: string, to: string, given: Options) => {
      exit(2);
      const review = await reviewed(from, to, given, console).catch(async (error: unknown) => {
        await tellFault(from, to, given, console, error);
        throw error;
      });
      const markdown = comment(review).split("\n").map(visible).join("\n");
      const { name, commit, isNew, findings, difference: found, objects, preview } = review;
      const data = {
        ...{ version: 1, name, commit: commit ?? null, from, to, isNew, findings },
        ...{ changes: found?.changes ?? null, unknown: found?.unknown ?? null, objects: objects ?? null, preview: preview ?? null },
        comment: markdown,
      };
      deliver(console, given.json ? json(data) : markdown, given.output);
      exit(passes(review, given) ? 0 : 1);
    });
};
