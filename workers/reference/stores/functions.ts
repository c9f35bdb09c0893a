/** What a store computes beside keeping things: stand-ins for a document parser and a language model, the same answer for the same question. */

const WORD = /[\p{L}\p{N}]+/gu;

/** A document's text as lines and words. */
function parse(input: unknown): unknown {
  if (typeof input !== "string") throw new Error("the parser takes a text");
  return { lines: input.split("\n").length, words: input.match(WORD)?.length ?? 0, text: input.replace(/\s+/g, " ").trim() };
}

/** The sentences that say what somebody wants: "buy", "sell", "hold". */
function strategies(input: unknown): unknown {
  const { text } = (input ?? {}) as { readonly text?: unknown };
  if (typeof text !== "string") throw new Error("the model takes { text }");
  const sentences = text.split(/(?<=[.!?])\s+/).filter((sentence) => /\b(buy|sell|hold)\b/i.test(sentence));
  return { strategies: sentences };
}

/** What is worth remembering of a session: each of its sentences once. */
function memories(input: unknown): unknown {
  const { events } = (input ?? {}) as { readonly events?: unknown };
  const texts = Array.isArray(events) ? events.filter((event): event is string => typeof event === "string") : [];
  return { memories: [...new Set(texts.map((text) => text.trim()).filter((text) => text !== ""))] };
}

export const functions: Readonly<Record<string, (input: unknown) => unknown>> = { parse, strategies, memories };
