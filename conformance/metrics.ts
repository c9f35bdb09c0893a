/** Metrics in Prometheus' text format, read from an address. */
import { request } from "undici";
import { Broken } from "./probe.js";

export interface Metric {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** As it is written: `NaN` and `+Inf` are values too. */
  readonly value: string;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+\d+)?$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;
const ESCAPES: Readonly<Record<string, string>> = { "\\n": "\n", '\\"': '"', "\\\\": "\\" };

/** Leaves out what is no sample. */
export function parseMetrics(text: string): Metric[] {
  return text.split("\n").flatMap((line) => {
    const [, name, labels = "", value] = line.startsWith("#") ? [] : (LINE.exec(line) ?? []);
    if (name === undefined || value === undefined) return [];
    const pairs = [...labels.matchAll(LABEL)].map(([, key = "", raw = ""]) => [
      key,
      raw.replace(/\\[n"\\]/g, (all) => ESCAPES[all] ?? all),
    ]);
    return [{ name, labels: Object.fromEntries(pairs) as Record<string, string>, value }];
  });
}

/** Throws a Broken if the address does not answer with metrics. */
export async function metrics(url: string): Promise<Metric[]> {
  const { statusCode, body } = await request(url, { headersTimeout: 10_000, bodyTimeout: 10_000 }).catch((error: unknown) => {
    throw new Broken(`${url} does not answer: ${error instanceof Error ? error.message || error.name : String(error)}`);
  });
  const text = await body.text();
  if (statusCode !== 200) throw new Broken(`${url} answers with status ${statusCode}, not with metrics`);
  const all = parseMetrics(text);
  if (all.length === 0) throw new Broken(`${url} answers with no metrics`);
  return all;
}
