/** Decoding as AMQP messages carry it: by their properties. */
import type { Message } from "amqplib";
import { decode, type CodecOptions } from "./codec.js";

/** A function that gives the bodies of messages as they were published: at once, or a promise. It throws what `decode` throws. */
export function decoder({
  maxBodyBytes,
  encryption,
}: CodecOptions & { readonly maxBodyBytes: number }): (message: Message) => Buffer | Promise<Buffer> {
  return ({ content, properties }) => {
    const { contentEncoding, type, headers } = properties as {
      readonly contentEncoding?: string;
      readonly type?: string;
      readonly headers?: Record<string, unknown>;
    };
    return decode(content, contentEncoding, headers, { name: type ?? "", maxBodyBytes, ...(encryption ? { encryption } : {}) });
  };
}
