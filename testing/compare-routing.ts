/** `npm run compare:routing`: compares the routing model with a live broker in as many random topologies as asked. */
import { Command } from "commander";
import type { TestProject } from "vitest/node";
import type { LiveBroker } from "./broker-api.js";
import setup from "./live-setup.js";
import { compareRouting, disagreementText } from "./routing/random.js";
import { Summary } from "./routing/summary.js";

const whole = (name: string, text: string): number => {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new Error(`--${name} takes a whole number, not ${JSON.stringify(text)}`);
};

const options = new Command("npm run compare:routing --")
  .description(
    "Provisions random topologies on a real broker, publishes messages, and compares every queue's content with what the model says.",
  )
  .option("--runs <topologies>", "how many topologies", "300")
  .option("--seed <number>", "the same seed gives the same topologies", String(Math.floor(Math.random() * 2 ** 31)))
  .option("--json", "print JSON")
  .addHelpText(
    "after",
    "\nThe broker is one in a container of its own, or the one of WARREN_TEST_MANAGEMENT and WARREN_TEST_AMQP; only scratch vhosts are used.\n" +
      "Exit codes: 0 they agree, 1 they do not, or an error.\n\nExample:\n  npm run compare:routing -- --runs 5000 --seed 1",
  )
  .parse()
  .opts<{ runs: string; seed: string; json?: boolean }>();

async function main(): Promise<number> {
  const [runs, seed] = [whole("runs", options.runs), whole("seed", options.seed)];
  let broker: LiveBroker | undefined;
  const remove = await setup({ provide: (_name: string, value: LiveBroker) => (broker = value) } as unknown as TestProject);
  try {
    if (!broker) throw new Error("there is no broker");
    const summary = new Summary();
    const began = Date.now();
    const seconds = (): number => Math.round((Date.now() - began) / 1000);
    const progress = (done: number, wrong: number): void =>
      void process.stderr.write(`${done} of ${runs} topologies, ${wrong} in which they disagree, ${seconds()} s\n`);
    const { wrong, disagreements } = await compareRouting({ broker, runs, seed, progress }, (compared) => {
      summary.see(compared);
      for (const index of compared.wrong)
        process.stderr.write(`${JSON.stringify([compared.scene, index, compared.answers[index], compared.outcomes[index]])}\n`);
    });
    const counts = summary.counts();
    if (options.json)
      process.stdout.write(`${JSON.stringify({ version: 1, seed, runs, seconds: seconds(), wrong, disagreements, counts }, null, 2)}\n`);
    else {
      const rows = Object.entries({ seed, seconds: seconds(), ...counts, disagreements: wrong });
      for (const [what, number] of rows) process.stdout.write(`${what.padEnd(32)} ${String(number).padStart(10)}\n`);
      for (const found of disagreements) process.stdout.write(`\n${disagreementText(found)}\n`);
    }
    return wrong === 0 && (counts["messages"] ?? 0) > 0 ? 0 : 1;
  } finally {
    await remove?.();
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
