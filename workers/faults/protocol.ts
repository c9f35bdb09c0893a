/** What the test and the processes of the clients say to each other. */
import type { Order, Settings } from "./subject.js";

export type Role = "publish" | "consume";

/** What the process is for: JSON in its environment, as `WARREN_FAULTS_JOB`. */
export interface Job {
  readonly subject: string;
  readonly roles: readonly Role[];
  /** How many connections consume. */
  readonly clients: number;
  /** JSON: where the broker is now. The test changes it. */
  readonly urlsFile: string;
  readonly settings: Omit<Settings, "urls" | "presentUrls">;
}

/** To the process. */
export interface Command {
  readonly publish: readonly (Order & { readonly to: "queue" | "nowhere" })[];
}

/** From it. */
export type Report =
  | { readonly kind: "ready" }
  | { readonly kind: "confirmed" | "failed" | "returned"; readonly id: string; readonly at: number; readonly reason?: string }
  | { readonly kind: "log"; readonly text: string }
  | { readonly kind: "memory"; readonly bytes: number };

/** In the folder of a trial: what the handlers saw and did, a line each. */
export const FILES = { urls: "urls.json", effects: "effects" } as const;
