/** A browser at Stage7's post office. */
import { once } from "node:events";
import { onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { clientToken } from "../workers/reference/stage7/tokens.js";
import { until } from "./until.js";

export interface Told {
  readonly kind: string;
  readonly id?: string;
  readonly [word: string]: unknown;
}

/** Connected as `name`, with a token for a minute. */
export async function postOfficeClient(url: string | undefined, secret: string, name: string) {
  const socket = new WebSocket(`${url?.replace("http", "ws")}/ws`, ["stage7", clientToken(secret, name, new Date(Date.now() + 60_000))]);
  onTestFinished(() => socket.terminate());
  const told: Told[] = [];
  socket.on("message", (data: Buffer) => void told.push(JSON.parse(data.toString()) as Told));
  await once(socket, "open");
  const ask = async (frame: { readonly id: string; readonly [word: string]: unknown }): Promise<Told> => {
    socket.send(JSON.stringify(frame));
    await until(() => told.some(({ id }) => id === frame.id));
    return told.find(({ id }) => id === frame.id) as Told;
  };
  return { socket, told, ask };
}
