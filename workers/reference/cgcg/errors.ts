/** CGCG's errors: one hierarchy, told as `{ error: { code, message, remedy } }`. */
import { PublishError, WorkerError } from "../../errors.js";
import { ApiError } from "../http.js";

/** Whatever messaging cannot do. */
export class MessagingError extends ApiError {
  override readonly name: string = "MessagingError";
}

/** The broker is away, or does not take it now. */
export class ConnectionError extends MessagingError {
  override readonly name = "ConnectionError";

  constructor(code: string, message: string, remedy = "try again later", cause?: unknown) {
    super(503, code, message, remedy, cause);
  }
}

/** A task that is not there, or cannot be done to. */
export class TaskError extends MessagingError {
  override readonly name = "TaskError";
}

/** A queue that is not there, or cannot be made so. */
export class QueueError extends MessagingError {
  override readonly name = "QueueError";
}

/** Who asks may not. */
export class AccessError extends ApiError {
  override readonly name = "AccessError";
}

export const away = (cause?: unknown): ConnectionError =>
  new ConnectionError("broker-away", "The broker cannot be reached now.", "try again later; nothing was sent", cause);

/** What the bus threw, in this hierarchy. `what`: "the task", "the message". */
export function messagingError(error: unknown, what: string, id: string): unknown {
  if (error instanceof PublishError) {
    const fault = error.message.split("\n")[0] ?? "";
    if (error.code === "timeout" || error.code === "closed")
      return new ConnectionError(
        "unconfirmed",
        `The broker did not confirm ${what} in time; it may have arrived.`,
        `ask for it, or send it again with the id ${id}`,
        error,
      );
    if (error.code === "nacked")
      return new ConnectionError("full", `The queue for ${what} is full.`, "try again when its consumers have caught up", error);
    if (error.code === "unroutable")
      return new QueueError(404, "no-queue", `No queue takes ${what}.`, "declare it: POST /rabbitmq/queues/declare", error);
    if (error.code === "invalid" || error.code === "too-large")
      return new MessagingError(400, error.code, fault, error.remedy ?? "see /openapi.json", error);
    return new ConnectionError(error.code, fault, error.remedy ?? "try again later", error);
  }
  if (error instanceof WorkerError) {
    const fault = error.message.split("\n")[0] ?? "";
    if (error.code === "missing") return new QueueError(404, "no-queue", fault, "declare it: POST /rabbitmq/queues/declare", error);
    if (error.code === "different") return new QueueError(409, "different", fault, "leave it as it is, or delete it first", error);
    if (error.code === "wrong-use") return new QueueError(400, "invalid", fault, error.remedy ?? "see /openapi.json", error);
    return new ConnectionError(error.code, fault, error.remedy ?? "try again later", error);
  }
  return error instanceof ApiError ? error : away(error);
}
