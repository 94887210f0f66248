import { type Stats, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { extname } from 'node:path';
import { FlowtrieError } from '../model/errors.ts';
import { ARROW_COMPRESSIONS, type ArrowCompression } from './arrow-compression.ts';
import { createAssembly } from './assembly.ts';
import type { OutputColumn } from './columns.ts';
import { openDestination } from './destination.ts';
import { type OrderedOutput, OUTPUT_FORMATS, type OutputFormat } from './part.ts';

const FORMAT_OF_SUFFIX: ReadonlyMap<string, OutputFormat> = new Map([
  ['.ndjson', 'ndjson'],
  ['.jsonl', 'ndjson'],
  ['.csv', 'csv'],
  ['.arrow', 'arrow'],
  ['.arrows', 'arrows'],
  ['.parquet', 'parquet'],
  ['.ocsf', 'ocsf'],
]);

/** The format of `--out path` by suffix, or of `--out-format`; `-` is NDJSON. Throws FlowtrieError `usage`. */
export function outputFormatOf(path: string, override?: string): OutputFormat {
  if (override !== undefined) {
    const format = OUTPUT_FORMATS.find((word) => word === override);
    if (format !== undefined) return format;
    throw new FlowtrieError('usage', `--out-format: expected ${OUTPUT_FORMATS.join(', ')}, got '${override}'`);
  }
  if (path === '-') return 'ndjson';
  if (isFolder(path)) return 'parquet';
  const format = FORMAT_OF_SUFFIX.get(extname(path).toLowerCase());
  if (format !== undefined) return format;
  const suffixes = [...FORMAT_OF_SUFFIX.keys()].join(' ');
  throw new FlowtrieError(
    'usage',
    `--out: cannot tell the format of '${path}': expected a name ending in ${suffixes}, a folder (ending in /) for ` +
      `Parquet by hour, '-' for NDJSON on standard output, or --out-format ${OUTPUT_FORMATS.join('|')}`,
  );
}

/** The compression of `--compression`, for Arrow only. Throws FlowtrieError `usage`. */
export function compressionOf(word: string | undefined, format: OutputFormat): ArrowCompression {
  if (word === undefined) return 'none';
  const compression = ARROW_COMPRESSIONS.find((name) => name === word);
  if (compression === undefined)
    throw new FlowtrieError('usage', `--compression: expected ${ARROW_COMPRESSIONS.join(', ')}, got '${word}'`);
  if (format === 'arrow' || format === 'arrows') return compression;
  const own = format === 'parquet' ? 'pages of Parquet are always ZSTD' : `${format} is not compressed`;
  throw new FlowtrieError('usage', `--compression: expected Arrow output (.arrow, .arrows) beside it, ${own}`);
}

/** True for what is a folder, or is to become one: a path that ends with `/`. */
export function isFolder(path: string): boolean {
  return path.endsWith('/') || statOf(path)?.isDirectory() === true;
}

/** True for what is there and holds no bytes of its own: a pipe or a device. */
export function isDevice(path: string): boolean {
  const stats = statOf(path);
  return stats !== undefined && !stats.isFile() && !stats.isDirectory();
}

/** undefined = there is none, or nobody may look; whoever opens it says why. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

/**
 * Opens `destination` (a path, a folder, or `-` = stdout) and writes what goes before the first row. Throws
 * FlowtrieError `output`.
 */
export async function openOutput(
  format: OutputFormat,
  destination: string,
  columns: readonly OutputColumn[],
  compression: ArrowCompression = 'none',
): Promise<OrderedOutput> {
  if (format === 'parquet' && isFolder(destination))
    return (await import('./parquet-folder.ts')).openParquetFolder(destination, columns);
  const assembly = await createAssembly(format, columns, compression);
  const target = await openDestination(destination);
  try {
    await assembly.start(target.write);
  } catch (error) {
    await target.abort();
    throw error;
  }
  const end = async (): Promise<void> => {
    if (!target.closed) await assembly.end(target.write);
  };
  return {
    get closed() {
      return target.closed;
    },
    direct: assembly.copies ? target.direct : null,
    async append(part) {
      if (!target.closed) await assembly.part(part, target.write);
      if ('path' in part) await rm(part.path, { force: true });
    },
    async close() {
      await end();
      await target.commit();
    },
    async keep() {
      await end();
      return target.keep();
    },
    abort: () => target.abort(),
  };
}
