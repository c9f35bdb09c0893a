/** How values of the stack's configuration are read: each either as it should be, or a WarrenError that names the key, its value, and what could stand there. */
import * as pulumi from "@pulumi/pulumi";
import { WarrenError } from "../topology/errors.js";

export const wrong = (key: string, value: unknown, allowed: readonly string[]): WarrenError =>
  new WarrenError(`warren:${key} is ${JSON.stringify(value)}.`, {
    allowed,
    remedy: `pulumi config set warren:${key} VALUE (Pulumi.yaml describes every key)`,
    exitCode: 2,
  });

/** A value that is set; an empty one, as in the defaults of Pulumi.yaml, is none. */
export const text = (config: pulumi.Config, key: string): string | undefined => config.get(key) || undefined;

/** What is secret must not stand in the stack's file in clear. */
function needSecret(key: string): void {
  // The SDK keeps to itself what it knows of this.
  const encrypted = JSON.parse(process.env["PULUMI_CONFIG_SECRET_KEYS"] ?? "[]") as string[];
  if (encrypted.includes(`warren:${key}`)) return;
  throw new WarrenError(`warren:${key} stands in clear in the stack's configuration.`, {
    remedy: `take it out (pulumi config rm warren:${key}), choose another value, and set that with pulumi config set --secret`,
    exitCode: 2,
  });
}

export function secretText(config: pulumi.Config, key: string): string | undefined {
  const value = text(config, key);
  if (value !== undefined) needSecret(key);
  return value;
}

export function boolean(config: pulumi.Config, key: string, fallback = false): boolean {
  const value = text(config, key) ?? String(fallback);
  if (value !== "true" && value !== "false") throw wrong(key, value, ["true", "false"]);
  return value === "true";
}

/** Also with a fraction. */
export function factor(config: pulumi.Config, key: string, fallback: number, most: number): number {
  const digits = text(config, key) ?? String(fallback);
  const value = Number(digits);
  if (!/^\d+(\.\d+)?$/.test(digits) || value > most) throw wrong(key, digits, [`numbers from 0 to ${most}`]);
  return value;
}

/** `http://...` or `https://...`. */
export function url(config: pulumi.Config, key: string): string | undefined {
  const value = text(config, key);
  if (value === undefined || (URL.canParse(value) && /^https?:$/.test(new URL(value).protocol))) return value;
  // It may hold a token.
  throw wrong(key, "(no such address)", ["http://host:port/path", "https://host/path"]);
}

export const PORT = [1, 65_535] as const;

export function number(config: pulumi.Config, key: string, fallback: number, [least, most]: readonly [number, number]): number {
  const digits = text(config, key) ?? String(fallback);
  const value = Number(digits);
  if (!/^\d+$/.test(digits) || value < least || value > most) throw wrong(key, digits, [`whole numbers from ${least} to ${most}`]);
  return value;
}

/** An object of texts, each of them a secret from here on. */
export function secretTexts(config: pulumi.Config, key: string): Record<string, pulumi.Output<string>> {
  const entries = Object.entries(
    readObject(config, key, `it holds names and texts: pulumi config set --secret --path 'warren:${key}["NAME"]' (it asks for the value)`),
  );
  if (entries.length > 0) needSecret(key);
  return Object.fromEntries(
    entries.map(([name, value]) => {
      // Pulumi reads a text of digits as a number.
      if (typeof value !== "string" && typeof value !== "number") throw wrong(`${key}["${name}"]`, "(secret)", ["a text"]);
      return [name, pulumi.secret(String(value))];
    }),
  );
}

function readObject(config: pulumi.Config, key: string, remedy: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = config.getObject<unknown>(key) ?? {};
  } catch {
    value = undefined;
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new WarrenError(`warren:${key} is not an object.`, { remedy, exitCode: 2 });
}

/** Whatever stands there, as long as it is an object. */
export const object = (config: pulumi.Config, key: string): Record<string, unknown> =>
  readObject(config, key, `pulumi config set --path 'warren:${key}.NAME' VALUE (Pulumi.yaml describes every key)`);

export function need(config: pulumi.Config, key: string, secret: boolean): string {
  const value = secret ? secretText(config, key) : text(config, key);
  if (value !== undefined) return value;
  throw new WarrenError(`warren:${key} is not set; an external broker needs it.`, {
    remedy: secret ? `pulumi config set --secret warren:${key} (it asks for the value)` : `pulumi config set warren:${key} VALUE`,
    exitCode: 2,
  });
}
