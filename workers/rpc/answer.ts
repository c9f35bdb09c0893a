/** Answering requests: what the handler gives back goes to who asked. */
import type { z } from "zod";
import type { DeliveryImpl } from "../consume/delivery.js";
import { reasonOf, reject, type Outcome } from "../consume/outcomes.js";
import { PublishError } from "../errors.js";
import { newMessageId, serialize, type Outgoing, type Properties } from "../publish/outgoing.js";
import { ERROR_HEADER } from "./requester.js";

const replyName = (name: string | undefined): string => `${name ?? "message"}.reply`;

/** Text that goes to the other side: one line of it. */
const MAX_ERROR = 500;

/**
 * A handler whose result is the reply. A throw is told to who asked, and the request is done: whether to ask again is theirs to
 * decide. Without somebody to reply to it is an ordinary handler.
 */
export function answering<Tx>(
  /** Encodes it like any other message, and publishes it. */
  send: (reply: Outgoing<Properties>) => Promise<unknown>,
  schemas: (name: string | undefined) => z.ZodType | undefined,
  handler: (delivery: DeliveryImpl<Tx>) => unknown,
): (delivery: DeliveryImpl<Tx>) => Promise<Outcome | undefined> {
  return async (delivery) => {
    const { replyTo, correlationId, name } = delivery;
    if (replyTo === undefined) {
      await handler(delivery);
      return undefined;
    }
    // One shape of object, and no headers where there are none: both are quick to make and to encode.
    const reply = (content: Buffer, headers: Record<string, unknown> | undefined): Outgoing<Properties> => {
      const messageId = newMessageId();
      return {
        name: replyName(name),
        exchange: "",
        key: replyTo,
        content,
        messageId,
        properties: {
          mandatory: true,
          deliveryMode: 1,
          contentType: "application/json",
          type: replyName(name),
          appId: "",
          priority: undefined,
          expiration: undefined,
          headers,
          messageId,
          timestamp: Math.floor(Date.now() / 1000),
          correlationId,
          contentEncoding: undefined,
        },
      };
    };
    let letter: Outgoing<Properties>;
    try {
      const schema = schemas(name);
      letter = reply(serialize({ name: name ?? "" }, schema, await handler(delivery), "The reply to"), undefined);
    } catch (error) {
      letter = reply(Buffer.from("null"), { [ERROR_HEADER]: reasonOf(error).slice(0, MAX_ERROR) });
    }
    try {
      await send(letter);
    } catch (error) {
      // Who asked is gone: nobody is left to tell. Other faults would end in a second answer.
      if (!(error instanceof PublishError && error.code === "unroutable")) return reject(`the reply could not be sent: ${reasonOf(error)}`);
    }
    return undefined;
  };
}
