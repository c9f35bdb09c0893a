/** ContextIQ's two workers: memories are extracted from a session, then those that say the same are merged. */
import type { Bus, DeliveryOf } from "../../bus.js";
import { retry, type Outcome } from "../../consume/outcomes.js";
import { StoreError, type StoreClient } from "../stores/index.js";
import type { Contextiq } from "./apis.js";

interface Memory {
  readonly user_id: string;
  readonly text: string;
  readonly session_id: string;
}

export interface Extraction {
  readonly store: StoreClient;
  /** Finds what is worth remembering. */
  readonly model: StoreClient;
}

/** What a request is answered with, where somebody waits for it. */
interface Extracted {
  readonly success: boolean;
  readonly memories_extracted?: number;
  readonly error?: string;
}

/**
 * Extracts a session's memories, keeps each by the session and its place (so that a second time changes nothing), and tells the result
 * and that this user's memories want consolidation. A store or a model that is away is a retry; who waits for a reply is told instead.
 */
export const extract =
  (bus: Pick<Bus<Contextiq, "extraction-worker">, "publish">, { store, model }: Extraction) =>
  async ({ body, signal }: Pick<DeliveryOf<Contextiq, "extraction.requests">, "body" | "signal">): Promise<Extracted> => {
    const { session_id, user_id } = body;
    const session = (await store.get("sessions", session_id, { signal })) as { readonly events?: unknown } | undefined;
    if (session === undefined) {
      await bus.publish("extraction.result", { session_id, memories_extracted: 0, success: false }, { correlationId: session_id });
      return { success: false, error: `there is no session "${session_id}"` };
    }
    const { memories } = (await model.run("memories", { events: session.events }, { signal })) as { readonly memories: readonly string[] };
    const records = memories.map((text, at) => ({ id: `${session_id}-${at}`, value: { user_id, text, session_id } satisfies Memory }));
    await store.putAll("memories", records, { signal });
    const count = memories.length;
    await bus.publish("extraction.result", { session_id, memories_extracted: count, success: true }, { correlationId: session_id });
    if (count > 0) await bus.publish("consolidation.request", { scope: "user", user_id }, { correlationId: session_id });
    return { success: true, memories_extracted: count };
  };

const words = (text: string): Set<string> => new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []);

/** How much two texts have in common, from 0 to 1 (Jaccard over their words). */
export function similarity(one: string, other: string): number {
  const [left, right] = [words(one), words(other)];
  const both = [...left].filter((word) => right.has(word)).length;
  const all = left.size + right.size - both;
  return all === 0 ? 1 : both / all;
}

const DEFAULT_THRESHOLD = 0.85;

/** Of memories that are alike the first stays. */
export function duplicates<T extends { readonly text: string }>(memories: readonly T[], threshold: number): T[] {
  const kept: T[] = [];
  return memories.filter((memory) => {
    const known = kept.some(({ text }) => similarity(text, memory.text) >= threshold);
    if (!known) kept.push(memory);
    return known;
  });
}

/** Merges a user's memories. Two of one user never run at once: consume it with `orderBy: ({ user_id }) => user_id`. */
export const consolidate =
  (bus: Pick<Bus<Contextiq, "consolidation-worker">, "publish">, store: StoreClient) =>
  async ({ body, correlationId, signal }: DeliveryOf<Contextiq, "consolidation.requests">): Promise<Outcome | undefined> => {
    const { scope, user_id, similarity_threshold: threshold = DEFAULT_THRESHOLD } = body;
    try {
      const all = (await store.list("memories", { signal })).map(({ id, value }) => ({ id, ...(value as Memory) }));
      const merged = duplicates(
        all.filter((memory) => memory.user_id === user_id),
        threshold,
      );
      for (const { id } of merged) await store.remove("memories", id, { signal });
      const result = { scope, memories_merged: merged.length, success: true };
      await bus.publish("consolidation.result", result, correlationId === undefined ? {} : { correlationId });
      return undefined;
    } catch (error) {
      if (error instanceof StoreError) return retry(error.message);
      throw error;
    }
  };
