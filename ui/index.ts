/** `warren ui`: the live page of a topology. */
export { LEAST_TOKEN, isLoopback } from "./access.js";
export { Alertmanager } from "./alertmanager.js";
export { Atlas } from "./atlas.js";
export { createUi, type Ui, type UiOptions } from "./server.js";
