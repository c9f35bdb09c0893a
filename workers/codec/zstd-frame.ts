/** Whether a zstd body is whole. Node before 24 gives what there is of one that was cut off, without an error, so its frames are walked here. */

const MAGIC = 0xfd2fb528;
/** 16 magic numbers for frames that decoders skip: 0x184D2A50 and the next. */
const SKIPPABLE = 0x184d2a5;
/** Bytes of the frame header's fields by their two-bit flags. */
const DICTIONARY_ID = [0, 1, 2, 4];
const CONTENT_SIZE = [0, 2, 4, 8];
const RLE = 1;

/** Whether the body is one whole frame or several, and nothing else (RFC 8878, 3.1). Looks at the headers of frames and blocks alone. */
export function isWholeZstd(body: Buffer): boolean {
  let at = 0;
  while (at >= 0 && at < body.length) at = endOfFrame(body, at);
  return at === body.length && at > 0;
}

/** Where a frame ends; -1 where it has no end within the body. */
function endOfFrame(body: Buffer, start: number): number {
  if (start + 8 > body.length) return -1;
  const magic = body.readUInt32LE(start);
  if (magic >>> 4 === SKIPPABLE) return start + 8 + body.readUInt32LE(start + 4);
  if (magic !== MAGIC) return -1;
  const descriptor = body[start + 4]!;
  const singleSegment = (descriptor & 0x20) !== 0;
  const contentSize = descriptor >>> 6 === 0 && singleSegment ? 1 : CONTENT_SIZE[descriptor >>> 6]!;
  let at = start + 5 + (singleSegment ? 0 : 1) + DICTIONARY_ID[descriptor & 3]! + contentSize;
  for (let last = false; !last;) {
    if (at + 3 > body.length) return -1;
    const header = body.readUIntLE(at, 3);
    last = (header & 1) === 1;
    at += 3 + (((header >>> 1) & 3) === RLE ? 1 : header >>> 3);
  }
  return at + ((descriptor & 4) === 0 ? 0 : 4);
}
