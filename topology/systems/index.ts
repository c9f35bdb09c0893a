/** The five reference systems by name. */
import type { Topology } from "../model.js";
import { cgcg } from "./cgcg.js";
import { contextiq } from "./contextiq.js";
import { debias } from "./debias.js";
import { foAnalytics } from "./fo-analytics.js";
import { stage7 } from "./stage7.js";

export { cgcg, contextiq, debias, foAnalytics, stage7 };

/** By the name that `--system` and `warren:system` take. */
export const systems: Readonly<Record<string, Topology>> = { contextiq, debias, "fo-analytics": foAnalytics, cgcg, stage7 };
