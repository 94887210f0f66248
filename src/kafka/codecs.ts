import { createRequire } from 'node:module';
import zlib from 'node:zlib';
import kafkajs from 'kafkajs';
import { FlowtrieError } from '../model/errors.ts';

/** What kafkajs asks of a codec: to compress the records of a batch (an encoder with a buffer), and back. */
interface Codec {
  compress(encoder: { readonly buffer: Buffer }): Promise<Buffer>;
  decompress(buffer: Buffer): Promise<Buffer>;
}

/** Frame that Java producers put around snappy blocks: magic, two versions, then blocks with their length in front. */
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const XERIAL_HEADER_BYTES = 16;

/** What flowtrie may compress with, by its number in a record batch's attributes. */
export const COMPRESSIONS = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const;
export type KafkaCompression = keyof typeof COMPRESSIONS;

const load = createRequire(import.meta.url);

/** Throws FlowtrieError `input` when a codec that is to be compressed with is not there. */
export function checkCodec(compression: KafkaCompression): void {
  try {
    if (compression === 'snappy') snappyCodec();
    else if (compression === 'lz4') lz4Codec();
    else if (compression === 'zstd') zstdCodec();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FlowtrieError('input', `kafka.compression ${compression}: ${reason}`, { cause });
  }
}

/** Adds snappy, lz4 and zstd to kafkajs, which brings gzip only; each is loaded when the first such batch comes. */
export function registerCodecs(): void {
  const { CompressionCodecs, CompressionTypes } = kafkajs;
  CompressionCodecs[CompressionTypes.Snappy] = snappyCodec;
  CompressionCodecs[CompressionTypes.LZ4] = lz4Codec;
  CompressionCodecs[CompressionTypes.ZSTD] = zstdCodec;
}

function snappyCodec(): Codec {
  const { compress, uncompress } = optional<typeof import('snappy')>('snappy');
  return {
    compress: ({ buffer }) => compress(buffer),
    async decompress(buffer) {
      if (!buffer.subarray(0, XERIAL.length).equals(XERIAL)) return binary(await uncompress(buffer));
      const blocks: Buffer[] = [];
      for (let at = XERIAL_HEADER_BYTES; at < buffer.length; ) {
        const length = buffer.readUInt32BE(at);
        at += 4;
        blocks.push(binary(await uncompress(buffer.subarray(at, at + length))));
        at += length;
      }
      return Buffer.concat(blocks);
    },
  };
}

function binary(bytes: string | Uint8Array): Buffer {
  return Buffer.from(bytes);
}

function lz4Codec(): Codec {
  const { compressFrame, decompressFrame } = optional<typeof import('lz4-napi')>('lz4-napi');
  return {
    compress: ({ buffer }) => compressFrame(buffer),
    decompress: (buffer) => decompressFrame(buffer),
  };
}

interface Zstd {
  readonly zstdCompressSync?: (bytes: Buffer) => Buffer;
  readonly zstdDecompressSync?: (bytes: Buffer) => Buffer;
}

/** node:zlib has zstd from 22.15 on. */
function zstdCodec(): Codec {
  const { zstdCompressSync, zstdDecompressSync } = zlib as Zstd;
  if (zstdCompressSync === undefined || zstdDecompressSync === undefined)
    throw new Error(`zstd needs Node ≥ 22.15; this is ${process.versions.node}`);
  return {
    compress: async ({ buffer }) => zstdCompressSync(buffer),
    decompress: async (buffer) => zstdDecompressSync(buffer),
  };
}

function optional<T>(name: string): T {
  try {
    return load(name) as T;
  } catch (cause) {
    throw new Error(`${name.replace('-napi', '')} needs a package that is not there: npm install ${name}`, { cause });
  }
}
