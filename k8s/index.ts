/** The prod stack on Kubernetes, as objects. */
export { AUTOSCALER_USER, CA_CONFIG_MAP, CA_KEY, EXPORTER_USER, SECRET_KEYS } from "./names.js";
export { keyOf, titleOf, type KubernetesObject } from "./objects.js";
export { objectsOf, prod, type Prod, type ProdOptions } from "./prod.js";
export { findingTexts, review, policyRules, type Manifests, type PolicyFinding, type PolicyRule } from "./rules/index.js";
export type { AuthorityNeed, SecretNeed } from "./secrets.js";
export type { Numbers, Source } from "./numbers.js";
export { numbersTable } from "./numbers-table.js";
export type { ServicePart } from "./services.js";
export { prodSettings, readProdSettings, type ProdInput, type ProdSettings } from "./settings.js";
export { sizeCells, sizeOf, sizeTable, type Size, type SizeRow, type Sizes } from "./sizes.js";
