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

/** Makes the vhosts of an installation with their objects, and no users. */
export async function provisionObjects(broker: LiveBroker, installation: Installation): Promise<void> {
  const management = managementOf(broker);
  const {
    users: _users,
    permissions: _permissions,
    topic_permissions: _topic,
    ...objects
  } = definitions(compileInstallation(installation)) as unknown as Record<string, unknown>;
  await management.importDefinitions(objects);
  for (const { vhost } of compileInstallation(installation).vhosts)
    await management.putPermission(vhost.name, broker.username, { configure: ".*", write: ".*", read: ".*" });
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
