/** Firing alerts from Alertmanager's API. */
import { z } from "zod";
import { shownAddress, withoutCredentials } from "../broker/faults.js";
import { WarrenError } from "../topology/errors.js";
import type { Alert } from "./marks.js";

const Labels = z.record(z.string(), z.string()).default({});
const Alerts = z.array(z.object({ labels: Labels, annotations: Labels, startsAt: z.string().default("") }));

export class Alertmanager {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;

  /** `http://host:9093`; credentials in it are sent as such. Throws a WarrenError (exit code 2) for what is no such URL. */
  constructor(address: string) {
    if (!URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol)) {
      throw new WarrenError(`--alertmanager is "${shownAddress(address)}", which is no such address.`, {
        allowed: ["http://host:9093"],
        exitCode: 2,
      });
    }
    const url = new URL(address);
    const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    this.#headers = url.username === "" ? {} : { authorization: `Basic ${Buffer.from(credentials).toString("base64")}` };
    this.#url = `${url.origin}${url.pathname.replace(/\/+$/, "")}/api/v2/alerts?active=true&silenced=false&inhibited=false`;
  }

  /** Throws an Error that says why they cannot be had. */
  async alerts(signal: AbortSignal): Promise<Alert[]> {
    let body: unknown;
    try {
      const answer = await fetch(this.#url, { headers: this.#headers, signal: AbortSignal.any([signal, AbortSignal.timeout(5000)]) });
      if (!answer.ok) throw new Error(`it answers ${answer.status}`);
      body = await answer.json();
    } catch (error) {
      const { cause, message } = error as Error & { cause?: { code?: string } };
      throw new Error(`Alertmanager: ${withoutCredentials(cause?.code ?? message)}`, { cause: error });
    }
    const read = Alerts.safeParse(body);
    if (!read.success) throw new Error("Alertmanager: its answer is no list of alerts");
    return read.data;
  }
}
