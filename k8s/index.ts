/** The prod stack on Kubernetes, as objects. */
export { CA_CONFIG_MAP, CA_KEY, SECRET_KEYS } from "./names.js";
export { keyOf, titleOf, type KubernetesObject } from "./objects.js";
export { prod, type Prod, type ProdOptions } from "./prod.js";
export { prodSettings, readProdSettings, type ProdInput, type ProdSettings } from "./settings.js";
