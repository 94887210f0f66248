import type { Transform } from 'node:stream';
import * as zlib from 'node:zlib';

// Node has zstd from 22.15 and 23.8 on; the types this package is built with do not know it
const sync: unknown = Reflect.get(zlib, 'zstdDecompressSync');
const stream: unknown = Reflect.get(zlib, 'createZstdDecompress');

/** What to do where createZstd is missing. */
export const ZSTD_MISSING: string =
  `zstd is read with Node 22.15 or later, this is ${process.version}: ` +
  'decompress the input (zstd -d), or use a later Node';

/** Inflates zstd to at most `size` bytes; undefined where Node has no zstd. */
export const zstdInflate: ((bytes: Uint8Array, size: number) => Uint8Array) | undefined =
  typeof sync === 'function' ? (bytes, size) => sync(bytes, { maxOutputLength: size }) : undefined;

/** Inflates a stream of zstd; undefined where Node has no zstd. */
export const createZstd: ((chunkSize: number) => Transform) | undefined =
  typeof stream === 'function' ? (chunkSize) => stream({ chunkSize }) : undefined;
