/** The errors of a worker: a code for programs, a sentence for people, and what to do. */

interface Details {
  /** What to do. */
  readonly remedy?: string;
  readonly cause?: unknown;
}

class CodedError<Code extends string> extends Error {
  readonly remedy: string | undefined;

  constructor(
    readonly code: Code,
    fault: string,
    { remedy, cause }: Details = {},
  ) {
    super(remedy === undefined ? fault : `${fault}\n  to do:   ${remedy}`, cause === undefined ? undefined : { cause });
    this.remedy = remedy;
  }
}

/**
 * unauthorized    the broker refuses the credentials, the vhost, or what the service does there (403, 530)
 * missing         an exchange or a queue of the topology is not there (404)
 * different       it is there with other settings (406)
 * tls             the broker's certificate, or the worker's own, is not accepted
 * unreachable     no broker answered within the attempts
 * wrong-use       the program asks for what the topology does not have
 * closed          the bus is closed
 */
export type FaultCode = "unauthorized" | "missing" | "different" | "tls" | "unreachable" | "wrong-use" | "closed";

/** What no waiting mends: told, and the worker stops. */
export class WorkerError extends CodedError<FaultCode> {
  override readonly name = "WorkerError";
}

/**
 * invalid         the body, a key's word or a property does not fit; nothing was sent
 * too-large       the body is larger than `maxBodyBytes`; nothing was sent
 * unroutable      no queue takes it: the broker returned it
 * nacked          the broker refused it, a queue is full for example (`reject-publish`)
 * timeout         no confirm in time; it may have arrived, so publish it again with the same message id
 * buffer-full     disconnected or blocked for longer than the buffer lasts; nothing was sent
 * rate-limited    more than the rate limit lets wait; nothing was sent
 * breaker-open    too many failed one after the other; nothing was sent
 * refused         the broker does not let this service publish there (403), or the exchange is missing (404)
 * closed          the bus is closed or failed; what was not confirmed may have arrived
 */
export type PublishCode =
  "invalid" | "too-large" | "unroutable" | "nacked" | "timeout" | "buffer-full" | "rate-limited" | "breaker-open" | "refused" | "closed";

export class PublishError extends CodedError<PublishCode> {
  override readonly name = "PublishError";
  /** Of the message; publish it again with this one. */
  messageId: string | undefined;
}

/**
 * invalid         the request's body, or the reply's, does not fit its schema
 * absent          nobody consumes where it went: it was returned at once
 * timeout         no reply in time; whether it was handled is unknown
 * cancelled       by the caller's signal
 * lost            the connection went; whether it was handled is unknown
 * failed          the other side says that it failed
 * closed          the bus is closed
 */
export type RequestCode = "invalid" | "absent" | "timeout" | "cancelled" | "lost" | "failed" | "closed";

export class RequestError extends CodedError<RequestCode> {
  override readonly name = "RequestError";
}

/** What the broker says when it closes a channel, and what it means. */
export interface Refusal {
  readonly code: number;
  readonly text: string;
}

export function refusalOf(error: unknown): Refusal | undefined {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  const text = typeof message === "string" ? message : String(error);
  if (typeof code === "number") return { code, text };
  // amqplib keeps what the broker says of a vhost to itself.
  if (/Expected ConnectionOpenOk; got <ConnectionClose/.test(text))
    return { code: 530, text: "the vhost is not there, this user has no permissions in it, or a limit of connections is reached" };
  // A handshake's end has its code in the text alone.
  const found = /\b(403|404|405|406|530) \(/.exec(text);
  return found ? { code: Number(found[1]), text } : undefined;
}

/** The broker's sentence, without what amqplib puts before it. */
export const said = ({ text }: Refusal): string => /"([^"]+)"\s*$/.exec(text)?.[1] ?? text;

/** What to throw for whatever went wrong on a channel: the fault that the broker's refusal stands for, or the error as it is. */
export function faultOf(error: unknown, what: string): unknown {
  const refusal = refusalOf(error);
  return (refusal && fatal(refusal, what)) ?? error;
}

/** The fault that a refusal stands for; `undefined` for those that pass by themselves. */
export function fatal(refusal: Refusal, what: string): WorkerError | undefined {
  const sentence = `${what}: ${said(refusal)}`;
  if (refusal.code === 403 || refusal.code === 530)
    return new WorkerError("unauthorized", sentence, {
      remedy: "check the user, its password and its permissions in this vhost; `warren drift` compares them with the topology",
    });
  if (refusal.code === 404)
    return new WorkerError("missing", sentence, { remedy: "provision the topology (`pulumi up`) before its services start" });
  if (refusal.code === 406)
    return new WorkerError("different", sentence, {
      remedy: "what is on the broker is not what the topology says: `warren drift` shows it",
    });
  return undefined;
}
