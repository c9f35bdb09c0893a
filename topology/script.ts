/** An installation as a script that the exporter and the live page read in a container. */
import { forEnvironment } from "./environments.js";
import type { Installation } from "./model.js";

/**
 * The installation as a script with the sizes of the environment. Plain data, but that some messages are requests: what
 * their replies are like is not said, but that there are some, since permissions follow from it.
 */
export function topologyScript(installation: Installation, environment?: string): string {
  const requests: [number, string][] = [];
  const topologies = installation.topologies.map((topology, index) => {
    const { messages, environments, ...sized } = forEnvironment(topology, environment);
    // With the sizes of one in it, it has no others: nobody has to be asked which.
    const rest = { ...sized, ...(environment === undefined && environments ? { environments } : {}) };
    if (!messages) return rest;
    const plain = Object.entries(messages).map(([name, { schema: _, reply, ...message }]) => {
      if (reply) requests.push([index, name]);
      return [name, message] as const;
    });
    return { ...rest, messages: Object.fromEntries(plain) };
  });
  return [
    `const installation = ${JSON.stringify({ ...installation, topologies })};`,
    "const reply = { safeParse: (data) => ({ success: true, data }) };",
    `for (const [index, name] of ${JSON.stringify(requests)}) installation.topologies[index].messages[name].reply = reply;`,
    "module.exports = installation;",
    "",
  ].join("\n");
}
