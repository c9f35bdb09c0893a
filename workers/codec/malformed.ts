/** The error of a body that cannot be decoded. */

/** The text names the encoding and what is wrong with it, and never holds any of the body. */
export class MalformedError extends Error {
  override readonly name = "MalformedError";
  readonly code = "malformed";
}
