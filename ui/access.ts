/** Who may ask: the token, the name under which the page is reached, the page's own origin. Pure. */
import { createHash, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";

/** Characters of a token that is given rather than made. */
export const LEAST_TOKEN = 32;

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

/** Whether `Authorization: Bearer ...` has the token; the time it takes tells nothing of it. */
export function hasToken(authorization: string | undefined, token: string): boolean {
  const [, given] = /^Bearer (.+)$/.exec(authorization ?? "") ?? [];
  return timingSafeEqual(digest(given ?? ""), digest(token)) && given !== undefined;
}

export const isLoopback = (address: string): boolean => address === "localhost" || address === "::1" || /^127(\.\d{1,3}){3}$/.test(address);

/** The name in a `Host` header, without its port and brackets; `undefined` for what is none. */
export function hostName(host: string | undefined): string | undefined {
  const [, bracketed, plain] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/@\s]+))(?::\d{1,5})?$/.exec(host ?? "") ?? [];
  return (bracketed ?? plain)?.toLowerCase();
}

/**
 * Whether a request is meant for this server. A name that an attacker's DNS leads here comes in as that name: so only names that are known pass.
 * An address is no name, and passes where other addresses than loopback are listened on.
 */
export function isOurHost(host: string | undefined, listensOn: string, names: readonly string[]): boolean {
  const name = hostName(host);
  if (name === undefined) return false;
  if (isLoopback(name) || names.some((known) => known.toLowerCase() === name)) return true;
  return !isLoopback(listensOn) && isIP(name) !== 0;
}

/** Whether a browser says that another site asks. Without a word of it, it is no browser, or the page itself that reads. */
export function isForeign(headers: {
  readonly origin?: string | undefined;
  readonly host?: string | undefined;
  readonly "sec-fetch-site"?: unknown;
}): boolean {
  const { origin, host, "sec-fetch-site": site } = headers;
  if (site !== undefined && site !== "same-origin" && site !== "none") return true;
  if (origin === undefined) return false;
  return !URL.canParse(origin) || new URL(origin).host !== host;
}

/** Of every answer. Styles and scripts come from files alone, and go nowhere else. */
export const HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
  "cache-control": "no-store",
};
