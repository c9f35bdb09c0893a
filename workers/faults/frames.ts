/** Kills a channel while its connection lives: an acknowledgement of what was never delivered, put among the frames of a client. */
import type { Link, Watcher } from "../../testing/proxy.js";

/** What a channel is used for, by the method that shows it. */
export type Purpose = "consume" | "publish";

const METHODS: Readonly<Record<Purpose, number>> = { consume: 20, publish: 40 };
const BASIC = 60;
const ACK = 80;
const [METHOD_FRAME, FRAME_END] = [1, 0xce];
/** `AMQP0091`, before the first frame. */
const GREETING = 8;
/** Type, channel, size. */
const HEAD = 7;

/** Follows the frames that a client sends, in chunks of any size. */
export class FrameReader {
  /** By purpose, the channel that was last used for it. */
  readonly channels: Partial<Record<Purpose, number>> = {};
  #skip = GREETING;
  #head = Buffer.alloc(0);

  /** Whether what was read so far ends with a whole frame. */
  get whole(): boolean {
    return this.#skip === 0 && this.#head.length === 0;
  }

  read(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0) {
      const skipped = Math.min(this.#skip, rest.length);
      this.#skip -= skipped;
      rest = rest.subarray(skipped);
      // The head of a frame, and the class and method that a method frame begins with.
      const wanted = HEAD + 4 - this.#head.length;
      if (rest.length === 0) return;
      this.#head = Buffer.concat([this.#head, rest.subarray(0, wanted)]);
      rest = rest.subarray(Math.min(wanted, rest.length));
      if (this.#head.length < HEAD) return;
      const whole = HEAD + this.#head.readUInt32BE(3) + 1;
      if (whole < HEAD + 4) {
        // A heartbeat has nothing in it: what was read beyond it belongs to the next frame.
        if (this.#head.length < whole) return;
        rest = Buffer.concat([this.#head.subarray(whole), rest]);
        this.#head = Buffer.alloc(0);
        continue;
      }
      if (this.#head.length < HEAD + 4) return;
      if (this.#head[0] === METHOD_FRAME && this.#head.readUInt16BE(HEAD) === BASIC) {
        const method = this.#head.readUInt16BE(HEAD + 2);
        for (const purpose of ["consume", "publish"] as const)
          if (METHODS[purpose] === method) this.channels[purpose] = this.#head.readUInt16BE(1);
      }
      this.#skip = whole - this.#head.length;
      this.#head = Buffer.alloc(0);
    }
  }
}

/** A `basic.ack` of a delivery that the channel never had; the broker answers with 406 and closes the channel. */
export function falseAck(channel: number): Buffer {
  const frame = Buffer.alloc(HEAD + 13 + 1);
  frame.writeUInt8(METHOD_FRAME, 0);
  frame.writeUInt16BE(channel, 1);
  frame.writeUInt32BE(13, 3);
  frame.writeUInt16BE(BASIC, HEAD);
  frame.writeUInt16BE(ACK, HEAD + 2);
  frame.writeBigUInt64BE(999_999_999n, HEAD + 4);
  frame.writeUInt8(FRAME_END, HEAD + 13);
  return frame;
}

/** Sits at a proxy, as its watcher. */
export class ChannelKiller {
  readonly #readers = new WeakMap<Link, FrameReader>();
  readonly #due = new WeakMap<Link, Buffer>();

  readonly watch: Watcher = (link, chunk) => {
    const reader = this.#reader(link);
    this.#strike(link, reader);
    reader.read(chunk);
  };

  /** Kills the channel of this purpose on each of the connections; how many there were. */
  kill(links: readonly Link[], purpose: Purpose): number {
    let killed = 0;
    for (const link of links) {
      const reader = this.#reader(link);
      const channel = reader.channels[purpose];
      if (channel === undefined) continue;
      this.#due.set(link, falseAck(channel));
      this.#strike(link, reader);
      killed += 1;
    }
    return killed;
  }

  #reader(link: Link): FrameReader {
    const known = this.#readers.get(link);
    if (known) return known;
    const reader = new FrameReader();
    this.#readers.set(link, reader);
    return reader;
  }

  /** Between two frames only. */
  #strike(link: Link, reader: FrameReader): void {
    const due = this.#due.get(link);
    if (!due || !reader.whole) return;
    this.#due.delete(link);
    link.inject(due);
  }
}
