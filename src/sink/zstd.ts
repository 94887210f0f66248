import * as zlib from 'node:zlib';
import { FlowtrieError } from '../model/errors.ts';
import type { Compress } from './parquet-column.ts';

const LEVEL = 1;

/** Node has it from 22.15 on. */
const native = zlib as { readonly zstdCompressSync?: (bytes: Uint8Array, options: object) => Uint8Array };

/** Zstandard frames: Node's own where it has it, else a WebAssembly build. */
export async function zstdCompressor(): Promise<Compress> {
  const { zstdCompressSync } = native;
  if (zstdCompressSync !== undefined) return (bytes) => zstdCompressSync(bytes, {});
  try {
    const { compress, isLoaded } = await import('@foxglove/wasm-zstd');
    await isLoaded;
    return (bytes) => compress(bytes, LEVEL);
  } catch (error) {
    throw new FlowtrieError('output', 'Zstandard needs Node 22.15 or the package @foxglove/wasm-zstd', {
      cause: error,
    });
  }
}
