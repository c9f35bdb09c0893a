/** How Stage7's services start: an inbox on the broker and one over HTTP, and for the post office its clients. */
import { randomBytes } from "node:crypto";
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { stage7 } from "../../../topology/systems/stage7.js";
import type { Membership } from "../../bus.js";
import { watchDeadLetters } from "../dead-letters.js";
import { api, ApiError, ErrorBody, serve, type Api } from "../http.js";
import { optionalBus } from "../optional-bus.js";
import { neededSecret, secretOf, storeOf, type ServiceContext, type Services, type Serving, type StartService } from "../service.js";
import { Member, type Letter, type MemberBus, type MemberService, type OnLetter, type Stage7 } from "./member.js";
import { PostOffice } from "./post-office.js";
import { storeRegistry } from "./registry.js";
import { sameSecret } from "./tokens.js";

const Body = stage7.messages.message.schema;

/** `POST /messages` and `POST /requests`: the inbox where there is no broker. */
function inboxRoutes(server: Api, member: Member, token: string | undefined): void {
  const refusals = { "4xx": ErrorBody, "5xx": ErrorBody } as const;
  const admit = async ({ headers: { authorization = "" } }: FastifyRequest): Promise<void> => {
    if (token === undefined || sameSecret(authorization, `Bearer ${token}`)) return;
    throw new ApiError(401, "unauthorized", "The token is missing or wrong.", "send Authorization: Bearer with the members' token");
  };
  const idOf = ({ headers }: FastifyRequest): string | undefined => {
    const id = headers["message-id"];
    return typeof id === "string" ? id : undefined;
  };
  server.post(
    "/messages",
    { onRequest: admit, schema: { body: Body, response: { 200: z.object({ taken: z.boolean() }), ...refusals } } },
    async (request) => {
      await member.take(request.body, idOf(request), false);
      return { taken: true };
    },
  );
  server.post("/requests", { onRequest: admit, schema: { body: Body, response: { 200: Body, ...refusals } } }, async (request) => {
    const reply = await member.take(request.body, idOf(request), true);
    if (reply) return reply;
    throw new ApiError(501, "no-reply", `"${member.serviceId}" does not answer requests.`, "ask somebody else");
  });
}

/** Starts a member: it serves at once, and joins when the broker is there. */
async function join<S extends MemberService>(
  context: ServiceContext<Stage7, S>,
  onLetter: OnLetter,
  more?: (server: Api, member: Member) => void,
): Promise<Serving> {
  const { environment, topology, service, log } = context;
  const { serviceType } = topology.services[service].instances.inbox;
  const given = environment["STAGE7_SERVICE_ID"]?.trim();
  const serviceId = given || `${serviceType}${randomBytes(4).toString("hex")}`;
  const token = secretOf(environment, "STAGE7_TOKEN");
  const registry = storeRegistry(storeOf(context, "REGISTRY_URL", "the registry of instances"));
  let membership: Membership | undefined;
  const bus = optionalBus(context, async (opened) => {
    membership = await (opened as unknown as MemberBus).join("inbox", { serviceId }, async ({ name, body, messageId, replyTo }) => {
      const reply = await member.take(body, messageId, replyTo !== undefined);
      if (name !== "request" || replyTo === undefined) return undefined;
      if (reply) return reply;
      throw new Error(`"${serviceId}" does not answer requests`);
    });
    log.info({ event: "member.joined", queue: membership.queue }, `joined as ${membership.queue}`);
  });
  const member: Member = new Member({
    ...{ serviceType, serviceId, registry, onLetter, token },
    bus: () => bus.usable(),
  });
  // One that has a name of its own comes back under it: its queue waits, as long as the topology says. Another leaves for good.
  context.onStop(() => (given ? undefined : membership?.leave()));
  const server = await api({ title: `Stage7 ${serviceType}`, onError: (err) => log.error({ err }, "a request failed") });
  inboxRoutes(server, member, token);
  more?.(server, member);
  const { url } = await serve(server, context);
  await registry
    .register({ serviceId, serviceType, url })
    .catch((err: unknown) => log.warn({ err }, "not registered: HTTP will not find it"));
  context.onStop(() => registry.unregister(serviceId));
  return { url };
}

/** Answers what it is asked, and tells a client that its message came. */
const clerk: OnLetter = async (letter, member, asked): Promise<Letter | undefined> => {
  const answer = { type: `${letter.type}.done`, content: { by: member.serviceType, received: letter.content } };
  const client = letter.clientId === undefined ? {} : { clientId: letter.clientId };
  if (asked) return { ...answer, ...client, sender: member.serviceId };
  if (letter.clientId !== undefined) await member.send("postoffice", { ...answer, ...client });
  return undefined;
};

const ordinary: StartService<Stage7, MemberService> = async (context) => join(context, clerk);

export const stage7Services: Services<Stage7> = {
  "post-office": async (context) => {
    const secret = neededSecret(context.environment, "STAGE7_CLIENT_SECRET", "what signs the clients' tokens");
    let member: Member | undefined;
    const office = new PostOffice({ secret }, () => member as Member);
    const serving = await join(
      context,
      (letter, { serviceId }) => {
        // What a client wrote to everyone comes by here too.
        if (letter.sender === serviceId) return undefined;
        if (letter.clientId !== undefined && !office.deliver(letter))
          context.log.info({ event: "client.unknown", sender: letter.sender }, "a message for a client that is not here");
        return undefined;
      },
      (server, joined) => {
        member = joined;
        office.attach(server.server);
      },
    );
    context.onStop(() => office.close());
    return serving;
  },
  "mission-control": ordinary,
  brain: ordinary,
  "agent-set": ordinary,
  librarian: ordinary,
  "dlq-handler": watchDeadLetters,
};
