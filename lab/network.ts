/** Downloads, and the quick look whether a host can be reached at all. Follows HTTP(S)_PROXY and NO_PROXY. */
import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type * as Undici from "undici";
import { WarrenError } from "../topology/errors.js";

const CONNECT_MS = 4_000;
/** A download that brings nothing for so long is given up. */
const STALL_MS = 20_000;
let agent: Undici.EnvHttpProxyAgent | undefined;
const seen = new Map<string, Promise<boolean>>();

/** Loaded when first needed: most runs need no network. */
async function client(): Promise<{ fetch: typeof Undici.fetch; dispatcher: Undici.EnvHttpProxyAgent }> {
  const undici = await import("undici");
  agent ??= new undici.EnvHttpProxyAgent({ connect: { timeout: CONNECT_MS }, headersTimeout: STALL_MS, bodyTimeout: STALL_MS });
  return { fetch: undici.fetch, dispatcher: agent };
}

/** Whether the host of an address answers, whatever it says. Asked once per host. */
export async function isReachable(address: string): Promise<boolean> {
  const host = new URL(address).origin;
  let answer = seen.get(host);
  if (!answer) {
    answer = client()
      .then(({ fetch, dispatcher }) =>
        fetch(host, { method: "HEAD", redirect: "manual", dispatcher, signal: AbortSignal.timeout(2 * CONNECT_MS) }),
      )
      .then(
        () => true,
        () => false,
      );
    seen.set(host, answer);
  }
  return await answer;
}

/** Fetches an address into a file. */
export async function download(address: string, file: string): Promise<void> {
  try {
    const { fetch, dispatcher } = await client();
    const response = await fetch(address, { dispatcher });
    if (!response.ok || !response.body) throw new WarrenError(`${address} answers ${response.status}`);
    await pipeline(Readable.fromWeb(response.body), createWriteStream(file));
  } catch (error) {
    if (error instanceof WarrenError) throw error;
    const cause = (error as Error).cause;
    throw new WarrenError(`${address} cannot be fetched: ${cause instanceof Error ? cause.message : (error as Error).message}`);
  }
}

/** Ends the connections, so that the process can end. */
export async function closeNetwork(): Promise<void> {
  await agent?.destroy();
}
