/**
 * Copies bytes to `target[at …]`, which lies in shared memory that nobody else is at work on. `TypedArray.set` copies
 * shared memory a word at a time, and a byte at a time where the two ends are not aligned alike; `Buffer.fill` with
 * bytes (Node API, "buf.fill(value[, offset[, end]])") is one memcpy whatever their alignment.
 */
export function copyShared(bytes: Uint8Array, target: Buffer, at: number): void {
  target.fill(bytes, at, at + bytes.length);
}
