/** Values as short as this are copied byte by byte: a view of them would take longer. */
const SHORT_BYTES = 256;

/**
 * Messages in offset order, as columns: most topics have a line a message, and an object for each costs more than to
 * classify it. Values stay where they were fetched; copy what is kept.
 */
export class MessageList {
  readonly offsets: Float64Array;
  length = 0;
  /** Which of `sources` has the value of a message, and from where to where; −1 = there is no value. */
  private readonly source: Uint32Array;
  private readonly starts: Int32Array;
  private readonly ends: Int32Array;
  private readonly sources: Uint8Array[] = [];

  /** Room for so many messages. */
  constructor(capacity: number) {
    this.offsets = new Float64Array(capacity);
    this.source = new Uint32Array(capacity);
    this.starts = new Int32Array(capacity);
    this.ends = new Int32Array(capacity);
  }

  /** The values of the messages added next are in these bytes. */
  addSource(bytes: Uint8Array): void {
    this.sources.push(bytes);
  }

  /** `start` and `end` of its value; −1 = it has none. */
  add(offset: number, start: number, end: number): void {
    const at = this.length++;
    this.offsets[at] = offset;
    this.source[at] = this.sources.length - 1;
    this.starts[at] = start;
    this.ends[at] = end;
  }

  offset(index: number): number {
    return this.offsets[index] ?? 0;
  }

  /** Bytes of the value; none is as long as an empty one. */
  bytes(index: number): number {
    return (this.ends[index] ?? 0) - (this.starts[index] ?? 0);
  }

  /** A byte of the value, which is that long. */
  byte(index: number, at: number): number {
    return this.sourceOf(index)[(this.starts[index] ?? 0) + at] ?? 0;
  }

  value(index: number): Uint8Array | null {
    const start = this.starts[index] ?? -1;
    return start < 0 ? null : this.sourceOf(index).subarray(start, this.ends[index]);
  }

  /** Copies a value; what is behind it. */
  copy(index: number, target: Uint8Array, at: number): number {
    const [start, end] = [this.starts[index] ?? 0, this.ends[index] ?? 0];
    const source = this.sourceOf(index);
    if (end - start > SHORT_BYTES) target.set(source.subarray(start, end), at);
    else for (let from = start, to = at; from < end; ) target[to++] = source[from++] ?? 0;
    return at + end - start;
  }

  private sourceOf(index: number): Uint8Array {
    return this.sources[this.source[index] ?? 0] ?? NOTHING;
  }
}

const NOTHING = new Uint8Array(0);
