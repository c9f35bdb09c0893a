/** The body codec: compression and encryption by `content-encoding`. */
export { checkCodec, type CodecOptions, decode, type DecodeLimits, encode, type Encoded, type EncodeOptions } from "./codec.js";
export { decoder } from "./message.js";
export { type Compression, type CompressionOptions, hasZstd } from "./compression.js";
export { type EncryptionOptions, KEY_HEADER } from "./encryption.js";
export { MalformedError } from "./malformed.js";
