/** `warren env`: where the dev stack listens, and its users. */
import { brokerAddress, ENDPOINT_FILE, readEndpoint } from "../../broker/address.js";
import { Management } from "../../broker/index.js";
import { WarrenError } from "../../topology/errors.js";
import { json, table } from "../output.js";
import { examples, options, type Verb } from "../verb.js";

export const envVerb: Verb = (program, console, exit) => {
  program
    .command("env")
    .summary("print the dev stack's endpoints and users")
    .description("Prints where the dev stack of this directory listens, its vhosts and the names of its users. No passwords.")
    .addOption(options.json())
    .addHelpText("after", examples("warren env", "warren env --json"))
    .action(async (given: { readonly json?: boolean }) => {
      const endpoint = readEndpoint(console.cwd);
      if (!endpoint) {
        throw new WarrenError("The dev stack of this directory is not up.", { remedy: "start it: npm run up", exitCode: 2 });
      }
      // The dev stack, whatever broker the environment names.
      const management = new Management(brokerAddress({ environment: {}, directory: console.cwd }).management);
      try {
        const [version, users, vhosts] = await Promise.all([management.version(), management.users(), management.vhosts()]);
        const names = users.map(({ name }) => name).sort();
        const found = {
          version: 1,
          management: endpoint.managementUrl,
          amqp: endpoint.amqpUrl,
          rabbitmq: version,
          administrator: endpoint.username,
          vhosts: vhosts.map(({ name }) => name).sort(),
          users: names,
        };
        if (given.json) console.out(json(found));
        else {
          const rows = [
            ["management", found.management],
            ["amqp", found.amqp],
            ["rabbitmq", found.rabbitmq],
            ["vhosts", found.vhosts.join(", ")],
            ["administrator", `${found.administrator}, password in ${ENDPOINT_FILE.replace(/[^/\\]*$/, endpoint.passwordFile)}`],
            ...names.filter((name) => name !== endpoint.username).map((name, index) => [index === 0 ? "users" : "", name]),
          ];
          console.out(table(rows));
        }
        exit(0);
      } finally {
        await management.close();
      }
    });
};
