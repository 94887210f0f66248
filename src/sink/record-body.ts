import { ArrowBody, bitmapBytes } from './arrow-body.ts';
import type { NumberArray } from './chunk-data.ts';
import type { ColumnMemory } from './column-memory.ts';

const BYTES_AT_FIRST = 1 << 20;

/** The body of a record batch, made by the kernel from the columns of a chunk, in the memory that they lie in. */
export class RecordBody extends ArrowBody {
  private readonly memory: ColumnMemory;
  /** Bodies of the columns' dictionaries, by index of the column. */
  private readonly dictionaries: ArrowBody[] = [];

  constructor(memory: ColumnMemory) {
    super(memory.u8(BYTES_AT_FIRST));
    this.memory = memory;
  }

  /** An empty body for the dictionary of a column; the one given before is not valid any more. */
  dictionary(index: number): ArrowBody {
    const body = this.dictionaries[index] ?? new ArrowBody();
    this.dictionaries[index] = body;
    body.clear();
    return body;
  }

  /** A column of dictionary codes; 0 stands where the row has none. */
  codes(codes: Int32Array, nullCount: number): void {
    const rows = codes.length;
    const { kernel } = this.memory;
    const at = this.openNullable(rows, nullCount, 4 * rows);
    if (nullCount === 0) kernel.copy(at.values, codes.byteOffset, 4 * rows);
    else {
      kernel.codeBits(codes.byteOffset, rows, at.bits);
      kernel.plainCodes(codes.byteOffset, rows, at.values);
    }
  }

  /** A column of codes of closed words. */
  words(codes: Uint8Array, nullCount: number): void {
    const rows = codes.length;
    const { kernel } = this.memory;
    const at = this.openNullable(rows, nullCount, rows);
    if (nullCount === 0) kernel.copy(at.values, codes.byteOffset, rows);
    else {
      kernel.wordBits(codes.byteOffset, rows, at.bits);
      kernel.plainWords(codes.byteOffset, rows, at.values);
    }
  }

  numbers(rows: number, values: NumberArray, nulls: Uint8Array | null, nullCount: number): void {
    const { kernel } = this.memory;
    const at = this.openNullable(rows, nullCount, values.byteLength);
    kernel.copy(at.values, values.byteOffset, values.byteLength);
    if (nullCount > 0 && nulls !== null) kernel.setBits(nulls.byteOffset, rows, at.bits);
  }

  /** The lists themselves; their items are the next column. */
  lists(rows: number, offsets: Int32Array, nulls: Uint8Array | null, nullCount: number): void {
    this.validity(rows, nulls, nullCount);
    this.append(offsets);
  }

  /** The items of lists, all of which have a code. */
  items(codes: Int32Array): void {
    this.nodes.push({ length: codes.length, nullCount: 0 });
    this.open(0);
    this.append(codes);
  }

  protected override longer(length: number): Uint8Array {
    return this.memory.longer(this.bytes, length);
  }

  /** Field node, bitmap (none when nothing is null) and values: byte addresses of both. */
  private openNullable(
    rows: number,
    nullCount: number,
    bytes: number,
  ): { readonly bits: number; readonly values: number } {
    this.nodes.push({ length: rows, nullCount });
    const bits = this.open(nullCount === 0 ? 0 : bitmapBytes(rows));
    const values = this.open(bytes);
    const { byteOffset } = this.bytes;
    return { bits: byteOffset + bits, values: byteOffset + values };
  }
}
