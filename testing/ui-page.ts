/** `warren ui` on a live broker and in a real Chromium, for tests, measurements and pictures. */
import { chromium, type Browser } from "playwright-core";
import { Management } from "../broker/index.js";
import { getChromium } from "../lab/chromium.js";
import { step } from "../lab/steps.js";
import { compileInstallation } from "../topology/compile/compile.js";
import { definitions } from "../topology/compile/definitions.js";
import type { Installation } from "../topology/model.js";
import { Atlas, createUi, type Ui, type UiOptions } from "../ui/index.js";
import { parseAddress } from "../workers/connection/address.js";
import type { LiveBroker } from "./broker-api.js";

export const TOKEN = "a-token-for-tests-of-at-least-32-characters";

export const managementOf = ({ managementUrl, username, password }: LiveBroker): Management =>
  new Management({ endpoint: managementUrl, username, password });

/** Makes the vhosts of an installation with their objects; with `users` those of its services too, whom no password lets in. */
export async function provisionObjects(broker: LiveBroker, installation: Installation, users = false): Promise<void> {
  const management = managementOf(broker);
  const plan = compileInstallation(installation);
  const { vhosts, exchanges, queues, bindings, policies, parameters } = definitions(plan) as unknown as Record<string, unknown>;
  await management.importDefinitions({ vhosts, exchanges, queues, bindings, policies, parameters });
  for (const { vhost, users: own, permissions, topicPermissions } of plan.vhosts) {
    await management.putPermission(vhost.name, broker.username, { configure: ".*", write: ".*", read: ".*" });
    if (!users) continue;
    for (const { name, tags } of own) await management.putUser(name, { tags, passwordHash: "" });
    for (const { user, configure, write, read } of permissions)
      await management.putPermission(vhost.name, user, { configure, write, read });
    for (const { user, exchange, write, read } of topicPermissions)
      await management.putTopicPermission(vhost.name, user, { exchange, write, read });
  }
  await management.close();
}

export interface ServedUi {
  readonly ui: Ui;
  readonly origin: string;
  /** With the token. */
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** The page's server on a free port. */
export async function serveUi(broker: LiveBroker, installation: Installation, more: Partial<UiOptions> = {}): Promise<ServedUi> {
  const management = managementOf(broker);
  const { username, password, amqpUrl } = broker;
  const ui = await createUi({
    atlas: await Atlas.of(installation),
    management,
    settings: (vhost) => ({
      address: parseAddress(amqpUrl.replace(/\/\/.*@/, "//")),
      vhost,
      credentials: { username, password },
      name: "warren-test",
    }),
    token: TOKEN,
    write: false,
    listen: "127.0.0.1",
    pause: 1000,
    driftPause: 2000,
    ...more,
  });
  const origin = await ui.app.listen({ host: "127.0.0.1", port: 0 });
  const close = async (): Promise<void> => {
    await ui.close();
    await management.close();
  };
  return { ui, origin, url: `${origin}/#token=${TOKEN}`, close };
}

export async function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: await step("Chromium", getChromium) });
}
