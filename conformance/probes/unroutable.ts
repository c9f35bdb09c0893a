/** What no queue gets is returned to the publisher who asks for it. */
import { router } from "../../topology/routing.js";
import { Broken, type Case, type Probe } from "../probe.js";
import { exchangeName, publishable, trialsOf, type Trial } from "../routing-keys.js";

function trialCase({ exchange, key, headers }: Trial): Case {
  const name = `${exchangeName(exchange)}, key ${JSON.stringify(key)}`;
  return {
    name,
    touches: "everything",
    run: async (ground, note) => {
      const session = await ground.session();
      const { confirmed, returned } = await session.publish(exchange, key, { messageId: ground.messageId(), headers: { ...headers } });
      note(
        "sent",
        `with the mandatory flag: ${confirmed ? "confirmed" : "refused"}, ${returned === undefined ? "not returned" : `returned: ${returned}`}`,
      );
      if (returned === undefined) throw new Broken(`A mandatory message to ${name} was not returned, so some queue got it or it was lost.`);
    },
  };
}

export const unroutable: Probe = {
  name: "unroutable",
  promise: "A mandatory message that no queue gets is returned to its publisher.",
  level: "core",
  profile: "probe",
  cases: (plan) => {
    const model = router(plan);
    const trials = trialsOf([plan]);
    // One for each exchange tells it.
    return publishable(plan).flatMap((exchange) => {
      const lost = trials(exchange).all.find(({ key, headers }) => model.route(exchange, key, { headers }).unroutable);
      return lost ? [trialCase(lost)] : [];
    });
  },
};
