import { NULL_WORD, type NumberArray, type Texts } from './chunk-data.ts';

/** Buffers begin at multiples of this many bytes, as the format recommends. */
const ALIGNMENT = 64;
const BYTES_AT_FIRST = 4096;
/** In front of a compressed buffer. */
const PREFIX_BYTES = 8;

/** Bytes of a message's body. */
export interface Region {
  readonly offset: number;
  readonly length: number;
}

/** Field node of a message: rows, and nulls among them. */
export interface Node {
  readonly length: number;
  readonly nullCount: number;
}

/** The body of a message: the buffers of its columns, one behind the other, in memory that is used again. */
export class ArrowBody {
  readonly nodes: Node[] = [];
  readonly regions: Region[] = [];
  private memory: ArrayBuffer = new ArrayBuffer(BYTES_AT_FIRST);
  private length = 0;

  /** A body that was made before, copied. */
  static of(bytes: Uint8Array, nodes: readonly Node[], regions: readonly Region[]): ArrowBody {
    const body = new ArrowBody();
    body.nodes.push(...nodes);
    body.regions.push(...regions);
    body.memory = new Uint8Array(bytes).buffer;
    body.length = bytes.length;
    return body;
  }

  /**
   * Its buffers compressed, in memory of their own: the length before in eight bytes (−1 = as it was, where compressing
   * saves nothing), then the bytes. Empty buffers stay empty (Arrow format, Message.fbs BodyCompression).
   */
  packed(compress: (bytes: Uint8Array) => Uint8Array): ArrowBody {
    const packed = new ArrowBody();
    packed.nodes.push(...this.nodes);
    for (const { offset, length } of this.regions) {
      if (length === 0) {
        packed.open(0);
        continue;
      }
      const plain = new Uint8Array(this.memory, offset, length);
      const shorter = compress(plain);
      const bytes = shorter.length < length ? shorter : plain;
      const at = packed.open(PREFIX_BYTES + bytes.length);
      const view = new DataView(packed.memory, at);
      view.setBigInt64(0, bytes === plain ? -1n : BigInt(length), true);
      new Uint8Array(packed.memory, at + PREFIX_BYTES, bytes.length).set(bytes);
    }
    return packed;
  }

  /** The bytes; valid until clear(). */
  view(): Uint8Array {
    return new Uint8Array(this.memory, 0, this.length);
  }

  clear(): void {
    this.nodes.length = 0;
    this.regions.length = 0;
    this.length = 0;
  }

  /** A column of dictionary codes; 0 stands where the row has none. */
  codes(codes: Int32Array, nullCount: number): void {
    const rows = codes.length;
    this.nodes.push({ length: rows, nullCount });
    if (nullCount === 0) {
      this.open(0);
      this.append(codes);
      return;
    }
    const bits = this.open(bitmapBytes(rows));
    const at = this.open(4 * rows);
    const valid = new Uint8Array(this.memory, bits, bitmapBytes(rows)).fill(0);
    const out = new Int32Array(this.memory, at, rows);
    if (nullCount === rows) return void out.fill(0);
    for (let i = 0; i < rows; i++) {
      const code = codes[i]!;
      // NULL_CODE is −1: every bit of `none` is set
      const none = code >> 31;
      valid[i >> 3]! |= (none + 1) << (i & 7);
      out[i] = code & ~none;
    }
  }

  /** A column of codes of closed words. */
  words(codes: Uint8Array, nullCount: number): void {
    const rows = codes.length;
    this.nodes.push({ length: rows, nullCount });
    if (nullCount === 0) {
      this.open(0);
      this.append(codes);
      return;
    }
    const bits = this.open(bitmapBytes(rows));
    const at = this.open(rows);
    const valid = new Uint8Array(this.memory, bits, bitmapBytes(rows)).fill(0);
    const out = new Uint8Array(this.memory, at, rows);
    if (nullCount === rows) return void out.fill(0);
    for (let i = 0; i < rows; i++) {
      const has = codes[i] === NULL_WORD ? 0 : 1;
      valid[i >> 3]! |= has << (i & 7);
      out[i] = has === 0 ? 0 : codes[i]!;
    }
  }

  numbers(rows: number, values: NumberArray, nulls: Uint8Array | null, nullCount: number): void {
    this.validity(rows, nulls, nullCount);
    this.append(values);
  }

  texts(rows: number, texts: Texts, nulls: Uint8Array | null, nullCount: number): void {
    this.validity(rows, nulls, nullCount);
    this.append(texts.offsets);
    this.append(texts.bytes);
  }

  /** The lists themselves; their items are the next column. */
  lists(rows: number, offsets: Int32Array, nulls: Uint8Array | null, nullCount: number): void {
    this.validity(rows, nulls, nullCount);
    this.append(offsets);
  }

  private append(values: NumberArray | Int32Array): void {
    const { byteLength } = values;
    const at = this.open(byteLength);
    new Uint8Array(this.memory, at, byteLength).set(new Uint8Array(values.buffer, values.byteOffset, byteLength));
  }

  /** Field node and bitmap; no bitmap when nothing is null. */
  private validity(rows: number, nulls: Uint8Array | null, nullCount: number): void {
    this.nodes.push({ length: rows, nullCount });
    const bytes = nulls === null || nullCount === 0 ? 0 : bitmapBytes(rows);
    const at = this.open(bytes);
    if (nulls === null || bytes === 0) return;
    const valid = new Uint8Array(this.memory, at, bytes).fill(0);
    if (nullCount === rows) return;
    for (let i = 0; i < rows; i++) valid[i >> 3]! |= (nulls[i]! ^ 1) << (i & 7);
  }

  /** Room for a buffer of so many bytes; its offset. */
  private open(bytes: number): number {
    const at = this.length;
    const end = at + Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    if (end > this.memory.byteLength) {
      const larger = new ArrayBuffer(Math.max(end, 2 * this.memory.byteLength));
      new Uint8Array(larger).set(new Uint8Array(this.memory, 0, at));
      this.memory = larger;
    }
    // padding is zero; the memory may have been used before
    new Uint8Array(this.memory, at + bytes, end - at - bytes).fill(0);
    this.regions.push({ offset: at, length: bytes });
    this.length = end;
    return at;
  }
}

const bitmapBytes = (rows: number): number => (rows + 7) >> 3;
