/** The live broker answers with what the helper gives, and a scratch vhost is gone after its test. */
import amqp from "amqplib";
import { describe, expect, test } from "vitest";
import { brokerApi, scratchVhost } from "./broker.js";

describe.sequential("scratch vhost", () => {
  let name = "";

  test("takes an AMQP connection and a queue", async () => {
    const { vhost, vhostUrl } = await scratchVhost();
    name = vhost;
    const connection = await amqp.connect(vhostUrl);
    const channel = await connection.createChannel();
    await channel.assertQueue("a queue", { durable: true });
    await connection.close();
    expect(await brokerApi("GET", `/api/queues/${vhost}/a%20queue`)).toMatchObject({ name: "a queue", vhost });
  });

  test("is gone after the test that made it", async () => {
    expect(name).not.toBe("");
    const vhosts = (await brokerApi("GET", "/api/vhosts")) as { name: string }[];
    expect(vhosts.map((vhost) => vhost.name)).not.toContain(name);
  });
});
