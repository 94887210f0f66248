import * as zlib from 'node:zlib';
import { FlowtrieError } from '../model/errors.ts';
import type { Compress } from './parquet-column.ts';

const LEVEL = 1;

/** Node has it from 22.15 on; its types, of Node 20, do not. */
const native = zlib as {
  readonly zstdCompressSync?: (bytes: Uint8Array, options: { readonly params: object }) => Uint8Array;
  readonly constants: { readonly ZSTD_c_compressionLevel?: number };
};

/** Zstandard frames: Node's own where it has it, else a WebAssembly build. */
export async function zstdCompressor(): Promise<Compress> {
  const { zstdCompressSync, constants } = native;
  const { ZSTD_c_compressionLevel: level } = constants;
  if (zstdCompressSync !== undefined && level !== undefined) {
    const options = { params: { [level]: LEVEL } };
    return (bytes) => zstdCompressSync(bytes, options);
  }
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
