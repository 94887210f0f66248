import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type * as main from 'hyparquet';
import type * as column from 'hyparquet/src/column.js';
import type * as delta from 'hyparquet/src/delta.js';
import type * as encoding from 'hyparquet/src/encoding.js';
import type * as codecs from 'hyparquet-compressors';
import { zstdInflate } from '../zstd.ts';

/** The parts of hyparquet and of its codecs that are used. */
export interface ParquetLibrary {
  readonly parquetMetadata: typeof main.parquetMetadata;
  readonly parquetSchema: typeof main.parquetSchema;
  readonly parquetHeader: typeof column.parquetHeader;
  readonly deltaBinaryUnpack: typeof delta.deltaBinaryUnpack;
  readonly deltaByteArray: typeof delta.deltaByteArray;
  readonly deltaLengthByteArray: typeof delta.deltaLengthByteArray;
  readonly byteStreamSplit: typeof encoding.byteStreamSplit;
  readonly codecs: Pick<typeof codecs, 'compressors' | 'decompressZstd'>;
}

let loading: Promise<ParquetLibrary> | undefined;

/** Loads the library when the first Parquet file comes. */
export function loadParquet(): Promise<ParquetLibrary> {
  loading ??= load();
  return loading;
}

async function load(): Promise<ParquetLibrary> {
  const [file, pages, deltas, encodings, decompressors] = await Promise.all([
    import('hyparquet'),
    import('hyparquet/src/column.js'),
    import('hyparquet/src/delta.js'),
    import('hyparquet/src/encoding.js'),
    import('hyparquet-compressors'),
  ]);
  return {
    parquetMetadata: file.parquetMetadata,
    parquetSchema: file.parquetSchema,
    parquetHeader: pages.parquetHeader,
    deltaBinaryUnpack: deltas.deltaBinaryUnpack,
    deltaByteArray: deltas.deltaByteArray,
    deltaLengthByteArray: deltas.deltaLengthByteArray,
    byteStreamSplit: encodings.byteStreamSplit,
    codecs: decompressors,
  };
}

/** Inflates a page whose header says that it has `size` bytes; throws when it has not. */
export function inflatePage(library: ParquetLibrary, codec: string, bytes: Uint8Array, size: number): Uint8Array {
  const page = inflate(library, codec, bytes, size);
  if (page.length !== size) throw new Error(`a page of ${size} bytes has ${page.length}`);
  return page;
}

function inflate({ codecs }: ParquetLibrary, codec: string, bytes: Uint8Array, size: number): Uint8Array {
  // an empty page may have no compressed bytes at all
  if (size === 0) return new Uint8Array(0);
  switch (codec) {
    case 'UNCOMPRESSED':
      return bytes;
    case 'GZIP':
      return gunzipSync(bytes, { maxOutputLength: size });
    case 'BROTLI':
      return brotliDecompressSync(bytes, { maxOutputLength: size });
    case 'ZSTD':
      return zstdInflate?.(bytes, size) ?? codecs.decompressZstd(bytes, new Uint8Array(size));
    default: {
      const decompress = Object.entries(codecs.compressors).find(([name]) => name === codec)?.[1];
      if (decompress === undefined) throw new Error(`pages compressed by ${codec}`);
      return decompress(bytes, size);
    }
  }
}
