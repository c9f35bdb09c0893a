/** What the containers of reference services get as files: secrets that the checkout makes for itself, or what is made from them. */
import type { WorkerFile } from "../docker/worker-jobs.js";
import { hashOf } from "../workers/reference/cgcg/keys.js";
import { localSecret } from "./local-secrets.js";

/** Of CGCG's API only the key's hash goes out; the key itself stays in `.warren/cgcg-api-key`. Throws a WarrenError if a file cannot be used. */
export function workerFile(directory: string, variable: WorkerFile): string {
  switch (variable) {
    case "STAGE7_CLIENT_SECRET_FILE":
      return localSecret(directory, "stage7-client-secret");
    case "STAGE7_TOKEN_FILE":
      return localSecret(directory, "stage7-token");
    case "CGCG_API_KEYS_FILE":
      return JSON.stringify([{ id: "dev", role: "admin", hash: hashOf(localSecret(directory, "cgcg-api-key")) }]);
  }
}
