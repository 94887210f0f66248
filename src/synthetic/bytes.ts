// typed-array kernel: the byte writers of records and truth rows

const OCTETS = new Uint8Array(256 * 4);
for (let value = 0; value < 256; value++) {
  const text = String(value);
  OCTETS[value * 4] = text.length;
  for (let i = 0; i < text.length; i++) OCTETS[value * 4 + 1 + i] = text.charCodeAt(i);
}

const ZERO = 48;
const DOT = 46;

/** Writes a whole number ≥ 0 in decimal at `at`; returns the place behind it. */
export function putNumber(out: Uint8Array, at: number, value: number): number {
  let length = 1;
  for (let bound = 10; value >= bound; bound *= 10) length++;
  let rest = value;
  for (let i = at + length - 1; i >= at; i--) {
    const next = Math.floor(rest / 10);
    out[i] = ZERO + rest - next * 10;
    rest = next;
  }
  return at + length;
}

/** Writes a u32 as dotted decimal. */
export function putAddress(out: Uint8Array, at: number, address: number): number {
  let place = at;
  for (let shift = 24; shift >= 0; shift -= 8) {
    const row = ((address >>> shift) & 255) * 4;
    const length = OCTETS[row]!;
    for (let i = 1; i <= length; i++) out[place++] = OCTETS[row + i]!;
    if (shift > 0) out[place++] = DOT;
  }
  return place;
}

/** Copies `[from, to)` of `source`. */
export function putRange(out: Uint8Array, at: number, source: Uint8Array, from: number, to: number): number {
  let place = at;
  for (let i = from; i < to; i++) out[place++] = source[i]!;
  return place;
}

/** Many short texts in one array: text i is `[offsets[i], offsets[i + 1])`. */
export interface Fragments {
  readonly bytes: Uint8Array;
  readonly offsets: Int32Array;
}

export function packFragments(texts: readonly string[]): Fragments {
  const offsets = new Int32Array(texts.length + 1);
  let total = 0;
  texts.forEach((text, i) => {
    total += Buffer.byteLength(text);
    offsets[i + 1] = total;
  });
  const bytes = Buffer.allocUnsafe(total);
  for (const [i, text] of texts.entries()) bytes.write(text, offsets[i] ?? 0, 'latin1');
  return { bytes, offsets };
}

export function putFragment(out: Uint8Array, at: number, { bytes, offsets }: Fragments, index: number): number {
  return putRange(out, at, bytes, offsets[index]!, offsets[index + 1]!);
}
