/** Installations as brokers export them: of frameworks, of companies. */
import * as companies from "./companies.js";
import * as frameworks from "./frameworks.js";

/** Definitions by name. */
export const installations: Readonly<Record<string, object>> = { ...frameworks, ...companies };
