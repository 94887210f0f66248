import type { TextValues } from '../../model/column-batch.ts';

/** Fails when a page has fewer bytes. */
export function need(bytes: Uint8Array, from: number, length: number): void {
  if (from + length > bytes.length) throw new Error(`a page of ${bytes.length} bytes ends before its values`);
}

/** Texts with their length in four bytes in front. */
export function byteArrays(bytes: Uint8Array, from: number, count: number): TextValues {
  const starts = new Uint32Array(count);
  const ends = new Uint32Array(count);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = from;
  for (let i = 0; i < count; i++) {
    need(bytes, at, 4);
    const length = view.getUint32(at, true);
    need(bytes, at + 4, length);
    starts[i] = at + 4;
    at += 4 + length;
    ends[i] = at;
  }
  return { kind: 'text', bytes, starts, ends };
}
