/** The rules over manifests, as one table. */
import { clusterRules } from "./cluster.js";
import { podRules } from "./pods.js";
import { findings, type Manifests, type PolicyFinding, type PolicyRule } from "./rule.js";
import { scalingRules } from "./scaling.js";
import { wholeRules } from "./whole.js";

export { findingTexts } from "./text.js";
export type { Manifests, PolicyFinding, PolicyRule } from "./rule.js";

export const policyRules: readonly PolicyRule[] = [...podRules, ...scalingRules, ...clusterRules, ...wholeRules];

/** All that the rules find, in their order; an object that is exempt, with its reason, is left out. */
export const review = (manifests: Manifests): PolicyFinding[] => findings(policyRules, manifests);
