import type { NumberArray, Texts } from './chunk-data.ts';

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
  protected bytes: Uint8Array;
  private length = 0;

  constructor(bytes: Uint8Array = new Uint8Array(BYTES_AT_FIRST)) {
    this.bytes = bytes;
  }

  /** A body that was made before, copied. */
  static of(bytes: Uint8Array, nodes: readonly Node[], regions: readonly Region[]): ArrowBody {
    const body = new ArrowBody();
    body.nodes.push(...nodes);
    body.regions.push(...regions);
    body.bytes = new Uint8Array(bytes);
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
      // libraries are given bytes of memory that is not shared
      const plain = new Uint8Array(this.bytes.subarray(offset, offset + length));
      const shorter = compress(plain);
      const bytes = shorter.length < length ? shorter : plain;
      const at = packed.open(PREFIX_BYTES + bytes.length);
      const view = new DataView(packed.bytes.buffer, at);
      view.setBigInt64(0, bytes === plain ? -1n : BigInt(length), true);
      packed.bytes.set(bytes, at + PREFIX_BYTES);
    }
    return packed;
  }

  /** The bytes; valid until clear(). */
  view(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  clear(): void {
    this.nodes.length = 0;
    this.regions.length = 0;
    this.length = 0;
  }

  texts(rows: number, texts: Texts, nulls: Uint8Array | null, nullCount: number): void {
    this.validity(rows, nulls, nullCount);
    this.append(texts.offsets);
    this.append(texts.bytes);
  }

  protected append(values: NumberArray | Int32Array): void {
    const { byteLength } = values;
    const at = this.open(byteLength);
    this.bytes.set(new Uint8Array(values.buffer, values.byteOffset, byteLength), at);
  }

  /** Field node and bitmap; no bitmap when nothing is null. */
  protected validity(rows: number, nulls: Uint8Array | null, nullCount: number): void {
    this.nodes.push({ length: rows, nullCount });
    const bytes = nulls === null || nullCount === 0 ? 0 : bitmapBytes(rows);
    const at = this.open(bytes);
    if (nulls === null || bytes === 0) return;
    const valid = this.bytes.subarray(at, at + bytes).fill(0);
    if (nullCount === rows) return;
    for (let i = 0; i < rows; i++) valid[i >> 3]! |= (nulls[i]! ^ 1) << (i & 7);
  }

  /** Room for a buffer of so many bytes; its offset. */
  protected open(bytes: number): number {
    const at = this.length;
    const end = at + Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    if (end > this.bytes.length) this.bytes = this.longer(end);
    // padding is zero; the memory may have been used before
    this.bytes.fill(0, at + bytes, end);
    this.regions.push({ offset: at, length: bytes });
    this.length = end;
    return at;
  }

  protected longer(length: number): Uint8Array {
    const longer = new Uint8Array(Math.max(length, 2 * this.bytes.length));
    longer.set(this.bytes.subarray(0, this.length));
    return longer;
  }
}

export const bitmapBytes = (rows: number): number => (rows + 7) >> 3;
