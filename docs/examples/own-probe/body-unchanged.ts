/** A promise of one's own: what is published comes out as it went in, umlauts and all. */
import { Broken, type Probe } from "warren/conformance";

const BODY = JSON.stringify({ customer: "Käthe", note: "\u0000\u{1F4E6}" });

export const bodyUnchanged: Probe = {
  name: "body-unchanged",
  promise: "A message comes out of a queue byte by byte as it was published.",
  level: "extended",
  // The least that it needs: it publishes, so a copy of the topology will do.
  profile: "probe",
  // One case for each queue. The plan is what the broker has to hold, as flat lists.
  cases: (plan) =>
    plan.queues
      .filter(({ type }) => type !== "stream")
      .map(({ name }) => ({
        name: `queue ${JSON.stringify(name)}`,
        // Cases that touch the same queue do not run at the same time.
        touches: [name],
        run: async (ground, note) => {
          const session = await ground.session();
          const messageId = ground.messageId();
          const { confirmed } = await session.publish("", name, { messageId, body: BODY });
          note("sent", `${BODY.length} characters to ${name}: ${confirmed ? "confirmed" : "refused"}`);
          const messages = await session.await(name, 1, ground.timeouts.arrival);
          const message = messages.find(({ properties }) => properties.messageId === messageId);
          note("arrived", message ? `${message.content.length} bytes` : "nothing");
          if (message?.content.toString() !== BODY)
            throw new Broken(`queue ${JSON.stringify(name)}: the body is ${message?.content.toString() ?? "not there"}, sent was ${BODY}`);
        },
      })),
};
