/** The reference services of the five systems, and how a service runs. */
import type { AnyTopology } from "../types.js";
import { cgcgServices } from "./cgcg/index.js";
import { contextiqServices } from "./contextiq/index.js";
import { debiasServices } from "./debias.js";
import { foAnalyticsServices } from "./fo-analytics.js";
import type { StartService } from "./service.js";
import { stage7Services } from "./stage7/index.js";

export { ownService } from "./own-handlers.js";
export { runService, type Run, type RunOptions } from "./run.js";
export type { Environment, ServiceContext, Services, Serving, StartService } from "./service.js";

/** By the names of systems and services. */
export const reference = {
  contextiq: contextiqServices,
  debias: debiasServices,
  "fo-analytics": foAnalyticsServices,
  cgcg: cgcgServices,
  stage7: stage7Services,
} as unknown as Readonly<Record<string, Readonly<Record<string, StartService<AnyTopology, string>>>>>;
