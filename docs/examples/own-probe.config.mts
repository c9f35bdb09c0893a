// Runs the example own-probe in this checkout, where the package's name resolves to its source.
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: new URL("own-probe", import.meta.url).pathname,
  resolve: { conditions: ["warren-source"] },
  ssr: { resolve: { conditions: ["warren-source"], externalConditions: ["warren-source"] } },
});
