/** FO Analytics: an API takes uploads, and a worker takes each document from storage through the parser and the model; its status says how far it is. */
import { randomUUID } from "node:crypto";
import { z } from "zod";
import { type foAnalytics } from "../../topology/systems/fo-analytics.js";
import type { Bus, DeliveryOf } from "../bus.js";
import { park, retry, type Outcome } from "../consume/outcomes.js";
import { watchDeadLetters } from "./dead-letters.js";
import { api, ApiError, ErrorBody, serve, type Api } from "./http.js";
import { handling, storeOf, type Services } from "./service.js";
import { StoreError, type StoreClient } from "./stores/index.js";

type FoAnalytics = typeof foAnalytics;

/*
 * uploaded -> queued -> processing -> processed
 *                    -> retrying -> processing ...   failed, and tried again later
 *                                -> failed           for good: a dead letter
 *          -> not-queued                             the broker did not take it: upload it again
 */
const Status = z.object({
  document_id: z.uuid(),
  status: z.enum(["uploaded", "queued", "not-queued", "processing", "retrying", "processed", "failed"]),
  attempt: z.int().optional(),
  error: z.string().optional(),
  strategies: z.array(z.string()).optional(),
});
type Status = z.infer<typeof Status>;

export interface Stores {
  /** Objects, as they were uploaded. */
  readonly storage: StoreClient;
  readonly parser: StoreClient;
  readonly model: StoreClient;
  /** The data base of documents. */
  readonly documents: StoreClient;
}

const tell = (documents: StoreClient, status: Status, signal?: AbortSignal): Promise<void> =>
  documents.put("documents", status.document_id, status, signal ? { signal } : {});

const Upload = z.object({ user_id: z.uuid(), content_type: z.string().default("text/plain"), content: z.string() });

/** `POST /documents`, `GET /documents/ID`. */
export function documentRoutes(
  server: Api,
  bus: Bus<FoAnalytics, "api">,
  { storage, documents }: Pick<Stores, "storage" | "documents">,
): void {
  const Uploaded = z.object({ document_id: z.uuid(), message_id: z.string() });
  const refusals = { "4xx": ErrorBody, "5xx": ErrorBody } as const;
  server.post("/documents", { schema: { body: Upload, response: { 202: Uploaded, ...refusals } } }, async ({ body }, reply) => {
    const document_id = randomUUID();
    const file_path = `${body.user_id}/${document_id}`;
    await storage.put("objects", file_path, body.content);
    await tell(documents, { document_id, status: "uploaded" });
    try {
      const { user_id, content_type } = body;
      const { messageId } = await bus.publish(
        "document",
        { document_id, user_id, file_path, content_type },
        { correlationId: document_id },
      );
      await queued(documents, document_id);
      return reply.code(202).send({ document_id, message_id: messageId });
    } catch (error) {
      await tell(documents, { document_id, status: "not-queued", error: (error as Error).message.split("\n")[0] ?? "" });
      throw error;
    }
  });

  const params = z.object({ document_id: z.uuid() });
  server.get("/documents/:document_id", { schema: { params, response: { 200: Status, ...refusals } } }, async (request) => {
    const { document_id } = request.params;
    const status = await documents.get("documents", document_id);
    if (status === undefined) throw new ApiError(404, "not-found", `There is no document "${document_id}".`, "upload it: POST /documents");
    return Status.parse(status);
  });
}

/** The worker may be faster than the API: what it said stays. */
async function queued(documents: StoreClient, document_id: string): Promise<void> {
  const now = (await documents.get("documents", document_id)) as Status | undefined;
  if (now?.status === "uploaded") await tell(documents, { document_id, status: "queued" });
}

/** Rungs of the queue: the attempt after the last one is the last. */
const rungs = (topology: FoAnalytics): number => {
  const { document_processing: queue } = topology.queues;
  return "retry" in queue ? (queue.retry?.length ?? 0) : 0;
};

/** Processes a document. What a service cannot do for now is a retry; what it refuses for good goes to the dead letters at once. */
export function processDocument(topology: FoAnalytics, { storage, parser, model, documents }: Stores) {
  const last = rungs(topology) + 1;
  return async ({ body, attempt, signal }: DeliveryOf<FoAnalytics, "document_processing">): Promise<Outcome | undefined> => {
    const { document_id, file_path } = body;
    const say = (status: Status["status"], more: Partial<Status> = {}): Promise<void> =>
      tell(documents, { document_id, status, attempt, ...more }, signal);
    try {
      await say("processing");
      const content = await storage.get("objects", file_path, { signal });
      if (content === undefined) throw new StoreError("the object storage", `there is no "${file_path}"`, true);
      const parsed = await parser.run("parse", content, { signal });
      const { strategies } = (await model.run("strategies", parsed, { signal })) as { readonly strategies: string[] };
      await say("processed", { strategies });
      return undefined;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      const isLast = error.lasting || attempt >= last;
      // Where the data base is away itself, the broker's history says it.
      await say(isLast ? "failed" : "retrying", { error: error.message }).catch(() => undefined);
      return error.lasting ? park(error.message) : retry(error.message);
    }
  };
}

export const foAnalyticsServices: Services<FoAnalytics> = {
  api: async (context) => {
    const stores = {
      storage: storeOf(context, "STORAGE_URL", "the object storage"),
      documents: storeOf(context, "DOCUMENTS_URL", "the data base"),
    };
    const bus = await context.connect();
    const server = await api({
      title: "FO Analytics",
      bodyLimit: 8 * 1024 * 1024,
      onError: (err) => context.log.error({ err }, "a request failed"),
    });
    documentRoutes(server, bus, stores);
    return serve(server, context);
  },
  worker: async (context) => {
    const stores: Stores = {
      storage: storeOf(context, "STORAGE_URL", "the object storage"),
      parser: storeOf(context, "PARSER_URL", "the parser"),
      model: storeOf(context, "MODEL_URL", "the language model"),
      documents: storeOf(context, "DOCUMENTS_URL", "the data base"),
    };
    const bus = await context.connect();
    await bus.consume("document_processing", processDocument(context.topology, stores), handling(context));
  },
  "dlq-handler": watchDeadLetters,
};
