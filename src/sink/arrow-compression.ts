import { createRequire } from 'node:module';
import { FlowtrieError } from '../model/errors.ts';
import { zstdCompressor } from './zstd.ts';

/** Compression of the buffers of Arrow messages, by name. */
export const ARROW_COMPRESSIONS = ['none', 'lz4', 'zstd'] as const;
export type ArrowCompression = (typeof ARROW_COMPRESSIONS)[number];

/** Compresses one buffer; the result is valid until the next call. */
export interface ArrowCodec {
  readonly name: Exclude<ArrowCompression, 'none'>;
  compress(bytes: Uint8Array): Uint8Array;
}

/** The codec; null = none. Throws FlowtrieError `output` when its package is missing. */
export async function arrowCodec(compression: ArrowCompression): Promise<ArrowCodec | null> {
  if (compression === 'none') return null;
  return { name: compression, compress: compression === 'zstd' ? await zstdCompressor() : lz4Frames() };
}

/** LZ4 frames by lz4-napi, which brings machine code and is installed by who wants it. */
function lz4Frames(): ArrowCodec['compress'] {
  try {
    const { compressFrameSync } = createRequire(import.meta.url)('lz4-napi') as typeof import('lz4-napi');
    return (bytes) => compressFrameSync(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  } catch (error) {
    const hint = 'run: npm install lz4-napi, or choose --compression zstd';
    throw new FlowtrieError('output', `--compression lz4 needs the package lz4-napi: ${hint}`, { cause: error });
  }
}
