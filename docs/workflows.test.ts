/** The workflows that the pages give, and this repository's own: well-formed, safe, and their steps do what they say, with a `gh` that writes down what it is asked. */
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { run } from "../cli/main.js";

interface Step {
  readonly name?: string;
  readonly id?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly if?: string;
  readonly env?: Readonly<Record<string, string>>;
}
interface Job {
  readonly "runs-on": string;
  readonly "timeout-minutes": number;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}
interface Workflow {
  readonly name: string;
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const FILES = {
  "a user's review": join(__dirname, "examples/workflows/review.yml"),
  "a user's drift": join(__dirname, "examples/workflows/drift.yml"),
  "this repository's": join(__dirname, "../.github/workflows/review.yml"),
};
const workflow = (name: keyof typeof FILES): Workflow => parse(readFileSync(FILES[name], "utf8")) as Workflow;
const stepsOf = ({ jobs }: Workflow): Step[] => Object.values(jobs).flatMap(({ steps }) => [...steps]);
const step = (name: keyof typeof FILES, title: string): string => stepsOf(workflow(name)).find((each) => each.name === title)?.run ?? "";

describe.each(Object.keys(FILES) as (keyof typeof FILES)[])("%s", (name) => {
  const text = readFileSync(FILES[name], "utf8");
  const read = workflow(name);

  test("jobs end by themselves, steps do one thing, actions have a version", () => {
    expect(Object.keys(read)).toEqual(["name", "on", "permissions", ...("concurrency" in read ? ["concurrency"] : []), "env", "jobs"]);
    for (const job of Object.values(read.jobs)) {
      expect(job["runs-on"]).toBe("ubuntu-latest");
      expect(job["timeout-minutes"]).toBeGreaterThan(0);
      expect(job.steps[0]?.uses).toMatch(/^actions\/checkout@/);
    }
    for (const { uses, run: script } of stepsOf(read)) {
      expect([uses, script].filter((each) => each !== undefined)).toHaveLength(1);
      if (uses !== undefined) expect(uses).toMatch(/^(actions|pulumi)\/[a-z-]+@v\d+$/);
    }
  });

  test("least rights; nothing from outside is written into a script; no secrets for forks", () => {
    expect(read.on).not.toHaveProperty("pull_request_target");
    expect(read.permissions["contents"]).toBe("read");
    const writes = [read.permissions, ...Object.values(read.jobs).map(({ permissions = {} }) => permissions)].flatMap((rights) =>
      Object.entries(rights).flatMap(([right, value]) => (value === "write" ? [right] : [])),
    );
    expect(writes).toEqual(name === "a user's drift" ? ["issues"] : ["pull-requests"]);
    for (const { run: script = "" } of stepsOf(read)) expect(script).not.toContain("${{");
  });

  // `|| true` and continue-on-error hide it; an exit code that is kept has to be judged.
  test("what fails is not hidden", () => {
    expect(text).not.toMatch(/\|\| *(true|:|exit 0)(?!\w)|continue-on-error|set \+e/);
    for (const { id, run: script = "" } of stepsOf(read))
      if (script.includes('echo "code=$code"')) expect(text).toContain(`steps.${id}.outputs.code`);
  });

  test("scripts are bash, and read outputs of steps that are there", () => {
    for (const { run: script } of stepsOf(read)) if (script !== undefined) execFileSync("bash", ["-n"], { input: script });
    const ids = stepsOf(read).flatMap(({ id }) => id ?? []);
    for (const [, id] of text.matchAll(/steps\.(\w+)\.outputs/g)) expect(ids).toContain(id);
  });

  test("verbs and their options are there", async () => {
    const used = stepsOf(read).flatMap(({ run: script = "" }) => [...script.matchAll(/(?:npx warren|bin\/warren\.cjs) (\w+)([^\n]*)/g)]);
    expect(used.length).toBeGreaterThan(0);
    for (const [, verb = "", rest = ""] of used) {
      let help = "";
      const out = (said: string): void => void (help += said);
      expect(await run([verb, "--help"], { out, error: out, style: (_, plain) => plain, cwd: __dirname, environment: {} }, "")).toBe(0);
      for (const [option] of rest.matchAll(/(?<= )--?[a-z][a-z-]*/g)) expect(help).toContain(option);
    }
  });
});

describe("with a gh that writes down what it is asked", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "warren-workflows-"));
    // Lists say what $LISTED says.
    writeFileSync(
      join(folder, "gh"),
      '#!/bin/bash\nprintf "%s\\n" "$*" >> "$LOG"\ncase "$*" in "issue list"* | *--paginate*) printf "%s" "$LISTED" ;; esac\n',
    );
    chmodSync(join(folder, "gh"), 0o755);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function asked(script: string, env: Readonly<Record<string, string>>): string[] {
    const log = join(folder, "log");
    rmSync(log, { force: true });
    const { status, stderr } = spawnSync("bash", ["--norc", "-e", "-o", "pipefail", "-c", script], {
      cwd: folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH: `${folder}:${process.env["PATH"] ?? ""}`, LOG: log, LISTED: "", ...env },
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    return existsSync(log) ? readFileSync(log, "utf8").trimEnd().split("\n") : [];
  }

  test.each(["a user's review", "this repository's"] as const)("%s: one comment, made once and then rewritten", (name) => {
    writeFileSync(join(folder, "review.md"), "<!-- warren-review: orders -->\n## RabbitMQ\n");
    const env = { REPOSITORY: "us/orders", NUMBER: "7" };
    const [list, post] = asked(step(name, "Comment"), env);
    expect(list).toMatch(
      /^api --paginate repos\/us\/orders\/issues\/7\/comments --jq .*\.user\.login == "github-actions\[bot\]" and .*startswith\(\$ENV\.MARKER\)/,
    );
    expect(post).toBe("api --silent --method POST repos/us/orders/issues/7/comments -F body=@review.md");
    const [, patch] = asked(step(name, "Comment"), { ...env, LISTED: "123\n456\n" });
    expect(patch).toBe("api --silent --method PATCH repos/us/orders/issues/comments/123 -F body=@review.md");
  });

  const tool = (name: string, script: string): void => {
    writeFileSync(join(folder, name), `#!/bin/bash\n${script}\n`);
    chmodSync(join(folder, name), 0o755);
  };

  test.each([
    ["a preview that succeeded", 0, "false", 0, ["--preview preview.json --preview-exit 0"]],
    ["a preview that failed", 255, "false", 1, ["--preview preview.json --preview-exit 255"]],
    ["a loss that is agreed to", 0, "true", 0, ["--preview preview.json --preview-exit 0", "--allow-data-loss"]],
    ["a fork, without a preview", undefined, "false", 0, []],
  ] as const)("%s is told to the review, and the job ends as the review does", (_, preview, agreed, review, more) => {
    const output = join(folder, "output");
    const code = (): string => /^code=(\d+)$/m.exec(existsSync(output) ? readFileSync(output, "utf8") : "")?.[1] ?? "";
    rmSync(output, { force: true });
    tool("pulumi", `printf '{}'; exit ${preview ?? 0}`);
    tool("npx", `echo "$*" >> "$LOG"; echo "the comment" > review.md; exit ${review}`);
    const env = {
      STACK: "prod",
      ENVIRONMENT: "production",
      COMMIT: "0123abc",
      TOPOLOGY: "orders.ts",
      WARREN_BROKER_URL: "",
      GITHUB_OUTPUT: output,
      GITHUB_STEP_SUMMARY: join(folder, "summary"),
    };
    if (preview !== undefined) asked(step("a user's review", "Preview"), env);
    const ended = code();
    expect(ended).toBe(preview === undefined ? "" : String(preview));
    rmSync(output, { force: true });
    const words = ["warren review HEAD^1:orders.ts orders.ts --name orders.ts --commit 0123abc", "-e production", ...more, "-o review.md"];
    const told = { ...env, PREVIEW: ended, AGREED: agreed };
    expect(asked(step("a user's review", "Review"), told)).toEqual([words.join(" ")]);
    expect(spawnSync("bash", ["-e", "-c", step("a user's review", "Verdict")], { env: { CODE: code() } }).status === 0).toBe(review === 0);
  });

  test("sizes are those of the stack's environment", () => {
    tool("npx", 'echo "$*" >> "$LOG"; echo "no drift"');
    const output = { GITHUB_OUTPUT: join(folder, "output"), TOPOLOGY: "orders.ts" };
    for (const [workflowOf, title] of [
      ["a user's drift", "Compare"],
      ["a user's review", "Check"],
    ] as const) {
      const verb = title === "Check" ? "check" : "drift";
      expect(asked(step(workflowOf, title), { ...output, ENVIRONMENT: "prod" })).toContain(`warren ${verb} orders.ts -e prod`);
    }
  });

  test.each([
    ["drift", "echo extra; exit 1", 0],
    ["what cannot be told", "echo extra; exit 2", 1],
    ["a command that does not start", "exit 1", 1],
  ])("drift: the run ends as it should for %s", (_, script, status) => {
    tool("npx", script);
    const env = {
      PATH: `${folder}:${process.env["PATH"] ?? ""}`,
      GITHUB_OUTPUT: join(folder, "output"),
      TOPOLOGY: "x",
      ENVIRONMENT: "none",
    };
    const ended = spawnSync("bash", ["--norc", "-e", "-o", "pipefail", "-c", step("a user's drift", "Compare")], { cwd: folder, env });
    expect(ended.status).toBe(status);
  });

  test("drift: an issue is opened, rewritten while it lasts, closed when it is gone", () => {
    writeFileSync(join(folder, "drift.txt"), "extra on the broker: 1\n");
    const script = step("a user's drift", "Tell it in one issue");
    const env = { LABEL: "rabbitmq-drift", TOPOLOGY: "./orders.ts", RUN: "https://example.org/run/1" };
    const opened = asked(script, { ...env, CODE: "1" });
    expect(opened.map((line) => line.split(" ").slice(0, 2).join(" "))).toEqual(["issue list", "label create", "issue create"]);
    expect(readFileSync(join(folder, "body.md"), "utf8")).toMatch(/`\.\/orders\.ts`[^]*\n\n {4}extra on the broker: 1\n$/);
    expect(asked(script, { ...env, CODE: "1", LISTED: "12" })[1]).toBe("issue edit 12 --body-file body.md");
    expect(asked(script, { ...env, CODE: "0", LISTED: "12" })[1]).toMatch(/^issue close 12 --comment /);
    expect(asked(script, { ...env, CODE: "0" })).toHaveLength(1);
  });
});
