/** A topology as an AsyncAPI document. */
export { asyncapi, type AsyncApiDocument, type AsyncApiOptions, type AsyncApiServer } from "./document.js";
