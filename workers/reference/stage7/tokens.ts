/** Tokens of WebSocket clients: who somebody is and until when, signed. */
import { createHmac, timingSafeEqual } from "node:crypto";

const sign = (secret: string, text: string): Buffer => createHmac("sha256", secret).update(text).digest();

/** `CLIENT.EXPIRES.SIGNATURE`, each in base64url; what the login of the application gives to a browser. */
export function clientToken(secret: string, clientId: string, expires: Date): string {
  const claims = `${Buffer.from(clientId).toString("base64url")}.${expires.getTime()}`;
  return `${claims}.${sign(secret, claims).toString("base64url")}`;
}

/** The client's id, if the token is genuine and not over. */
export function clientOf(secret: string, token: string, now = Date.now()): string | undefined {
  const [client = "", expires = "", signature = "", ...more] = token.split(".");
  if (more.length > 0) return undefined;
  const given = Buffer.from(signature, "base64url");
  const right = sign(secret, `${client}.${expires}`);
  if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined;
  return Number(expires) > now ? Buffer.from(client, "base64url").toString("utf8") : undefined;
}

/** Whether two secrets are the same, in a time that does not tell where they differ. */
export const sameSecret = (given: string, right: string): boolean => timingSafeEqual(sign("compare", given), sign("compare", right));
