import { put32, u32At } from '../classify/cells';

/** Texts one behind the other: text t is bytes[offsets[t] … offsets[t + 1]]. */

/** Bytes of `count` texts by their numbers. */
export function textBytes(numbers: usize, count: u32, offsets: usize): u32 {
  let bytes: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const text = u32At(numbers, i);
    bytes += u32At(offsets, text + 1) - u32At(offsets, text);
  }
  return bytes;
}

/** Copies texts by their numbers. Up to 16 bytes behind the last one, of both buffers, are touched. */
export function gatherTexts(
  numbers: usize,
  count: u32,
  offsets: usize,
  bytes: usize,
  outOffsets: usize,
  outBytes: usize,
): void {
  let at: u32 = 0;
  put32(outOffsets, 0, 0);
  for (let i: u32 = 0; i < count; i++) {
    const text = u32At(numbers, i);
    const from = u32At(offsets, text);
    const length = u32At(offsets, text + 1) - from;
    for (let j: u32 = 0; j < length; j += 16) v128.store(outBytes + at + j, v128.load(bytes + from + j));
    at += length;
    put32(outOffsets, i + 1, at);
  }
}
