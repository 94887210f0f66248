import { strict as assert } from 'node:assert';
import { partMessages, type Region } from './arrow-messages.ts';
import type { ColumnType, OutputColumn } from './columns.ts';

/** Values of a dictionary as they lie in an Arrow message: value v is bytes[offsets[v] … offsets[v + 1]]. */
export interface Texts {
  readonly offsets: Int32Array;
  readonly bytes: Uint8Array;
}

/** One column of a batch; `valid` has a set bit for each row with a value, null = all have. */
export type PartColumn = { readonly valid: Uint8Array | null } & (
  | { readonly kind: 'codes'; readonly codes: Int32Array; readonly dictionary: Texts }
  | { readonly kind: 'lists'; readonly offsets: Int32Array; readonly codes: Int32Array; readonly dictionary: Texts }
  | { readonly kind: 'texts'; readonly texts: Texts }
  /** 64-bit values as two words, low first. */
  | { readonly kind: 'numbers'; readonly values: Uint8Array | Uint16Array | Uint32Array }
);

export interface PartBatch {
  readonly rows: number;
  readonly columns: readonly PartColumn[];
  /** Bytes held in memory. */
  readonly byteLength: number;
}

/** The batches of a part file (Arrow IPC messages), one in memory at a time. */
export async function* partBatches(path: string, columns: readonly OutputColumn[]): AsyncGenerator<PartBatch> {
  const dictionaries = new Map<number, Texts>();
  for await (const { message, body } of partMessages(path)) {
    if (message.isDictionaryBatch()) {
      const { id, buffers, data } = message.header();
      const [, offsets, bytes] = buffers;
      assert(offsets !== undefined && bytes !== undefined, 'a Utf8 dictionary has three buffers');
      dictionaries.set(id, { offsets: int32(body, offsets, data.length + 1), bytes: slice(body, bytes) });
      continue;
    }
    assert(message.isRecordBatch(), 'a part holds dictionaries and record batches only');
    const { buffers, nodes, length } = message.header();
    let buffer = 0;
    let node = 0;
    const next = (): Region => {
      const region = buffers[buffer++];
      assert(region !== undefined, `${path}: a batch has too few buffers`);
      return region;
    };
    const read = columns.map(({ type }, i): PartColumn => {
      const { nullCount = 0 } = nodes[node++] ?? {};
      const validity = next();
      const valid = nullCount === 0 ? null : slice(body, validity);
      const dictionary = dictionaries.get(i) ?? { offsets: new Int32Array(1), bytes: new Uint8Array(0) };
      if (type === 'dictionary') return { kind: 'codes', valid, codes: int32(body, next(), length), dictionary };
      if (type === 'utf8list') {
        const offsets = int32(body, next(), length + 1);
        const items = nodes[node++]?.length ?? 0;
        next();
        return { kind: 'lists', valid, offsets, codes: int32(body, next(), items), dictionary };
      }
      if (type === 'utf8') {
        const offsets = int32(body, next(), length + 1);
        return { kind: 'texts', valid, texts: { offsets, bytes: slice(body, next()) } };
      }
      return { kind: 'numbers', valid, values: numbers(type, body, next(), length) };
    });
    yield { rows: length, columns: read, byteLength: body.byteLength };
  }
}

function slice(body: Uint8Array, region: Region): Uint8Array {
  return body.subarray(region.offset, region.offset + region.length);
}

function int32(body: Uint8Array, region: Region, count: number): Int32Array {
  return new Int32Array(body.buffer, body.byteOffset + region.offset, count);
}

function numbers(
  type: ColumnType,
  body: Uint8Array,
  region: Region,
  count: number,
): Uint8Array | Uint16Array | Uint32Array {
  const at = body.byteOffset + region.offset;
  if (type === 'uint8') return new Uint8Array(body.buffer, at, count);
  if (type === 'uint16') return new Uint16Array(body.buffer, at, count);
  return new Uint32Array(body.buffer, at, 2 * count);
}
