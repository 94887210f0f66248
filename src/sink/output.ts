import { rm } from 'node:fs/promises';
import { extname } from 'node:path';
import { FlowtrieError } from '../model/errors.ts';
import { createAssembly } from './assembly.ts';
import type { OutputColumn } from './columns.ts';
import { openDestination } from './destination.ts';
import { OUTPUT_FORMATS, type OutputFormat } from './part.ts';

const FORMAT_OF_SUFFIX: ReadonlyMap<string, OutputFormat> = new Map([
  ['.ndjson', 'ndjson'],
  ['.jsonl', 'ndjson'],
  ['.csv', 'csv'],
  ['.arrow', 'arrow'],
  ['.arrows', 'arrows'],
]);

/** Rows of classified records in task order. */
export interface OrderedOutput {
  /** True when nobody reads on (the reader of a pipe has gone): the caller stops early, without an error. */
  readonly closed: boolean;
  /** Adds the rows of a part file and deletes it. */
  append(partPath: string): Promise<void>;
  /** Completes the output; a file appears under its name only now. */
  close(): Promise<void>;
  /** Leaves no trace of an unfinished file. */
  abort(): Promise<void>;
}

/** The format of `--out path` by suffix, or of `--out-format`; `-` is NDJSON. Throws FlowtrieError `usage`. */
export function outputFormatOf(path: string, override?: string): OutputFormat {
  if (override !== undefined) {
    const format = OUTPUT_FORMATS.find((word) => word === override);
    if (format !== undefined) return format;
    throw new FlowtrieError('usage', `--out-format: expected ${OUTPUT_FORMATS.join(', ')}, got '${override}'`);
  }
  if (path === '-') return 'ndjson';
  const format = FORMAT_OF_SUFFIX.get(extname(path).toLowerCase());
  if (format !== undefined) return format;
  const suffixes = [...FORMAT_OF_SUFFIX.keys()].join(' ');
  throw new FlowtrieError(
    'usage',
    `--out: cannot tell the format of '${path}': expected a name ending in ${suffixes}, '-' for NDJSON on standard ` +
      `output, or --out-format ${OUTPUT_FORMATS.join('|')}`,
  );
}

/**
 * Opens `destination` (a path, or `-` = stdout) and writes what goes before the first row. Throws FlowtrieError
 * `output`.
 */
export async function openOutput(
  format: OutputFormat,
  destination: string,
  columns: readonly OutputColumn[],
): Promise<OrderedOutput> {
  const assembly = await createAssembly(format, columns);
  const target = await openDestination(destination);
  try {
    await assembly.start(target.write);
  } catch (error) {
    await target.abort();
    throw error;
  }
  return {
    get closed() {
      return target.closed;
    },
    async append(partPath) {
      if (!target.closed) await assembly.part(partPath, target.write);
      await rm(partPath, { force: true });
    },
    async close() {
      if (!target.closed) await assembly.end(target.write);
      await target.commit();
    },
    abort: () => target.abort(),
  };
}
