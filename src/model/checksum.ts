import { createRequire } from 'node:module';
import { crc32 as zlibCrc32 } from 'node:zlib';

/** CRC of bytes behind those that have the checksum `before`. */
type Checksum = (bytes: Uint8Array, before?: number) => number;

/** From this size on the package is worth the milliseconds that loading it takes. */
const LARGE_BYTES = 64 * 1024;

interface Package {
  readonly crc32: Checksum;
  readonly crc32c: Checksum;
}

/** Null = not built here; undefined = nobody asked yet. */
let fast: Package | null | undefined;

/** The checksums that the processor makes itself, where the package is built: zlib's CRC-32 takes twice as long. */
function processor(): Package | null {
  if (fast !== undefined) return fast;
  try {
    // optional: not even its types need to be there
    fast = createRequire(import.meta.url)('@node-rs/crc32') as Package;
  } catch {
    fast = null;
  }
  return fast;
}

/** CRC-32 of gzip (RFC 1952) of bytes, or of those behind the ones that have the checksum `before`. */
export function crc32(bytes: Uint8Array, before = 0): number {
  const made = bytes.length < LARGE_BYTES ? null : processor();
  return made ? made.crc32(bytes, before) : zlibCrc32(bytes, before);
}

/** CRC-32C (Castagnoli), null where the package is not built. */
export function processorCrc32c(): Checksum | null {
  return processor()?.crc32c ?? null;
}
