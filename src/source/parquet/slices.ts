import type { ColumnBatch } from '../../model/column-batch.ts';
import { FlowtrieError } from '../../model/errors.ts';
import { FIELDS, squash } from '../../model/flow.ts';
import type { KernelHeap } from '../../model/kernel-heap.ts';
import type { ByteSource } from '../byte-source.ts';
import { nameRecord } from '../envelope.ts';
import type { FramedSlice, Slice } from '../frame.ts';
import { OCSF_FIELDS, ocsfValues } from '../ocsf.ts';
import type { Span } from '../s3/key-time.ts';
import { SliceBuffer } from '../slice-buffer.ts';
import { groupBatches } from './batches.ts';
import { openParquet, type ParquetFile } from './file.ts';
import { PageKernel } from './page-kernel.ts';
import { isOutside } from './start-range.ts';

/** Records that start in the span are wanted, and those up to so many seconds before and behind it. */
export interface WantedStarts {
  readonly span: Span;
  readonly slackSeconds: number;
}

/** What planning needs to know of a file. */
export interface ParquetOutline {
  /** Names of the fields of its records. */
  readonly names: readonly string[];
  /** Columns with several values a row, which are left out. */
  readonly lists: readonly string[];
  readonly groups: readonly { readonly rows: number; readonly bytes: number }[];
}

/** Reads the footer only. */
export async function outlineOf(source: ByteSource): Promise<ParquetOutline> {
  const file = await openParquet(source);
  const groups = file.rowGroups.map(({ rows, bytes }) => ({ rows, bytes }));
  if (isOcsf(file)) return { names: OCSF_FIELDS, lists: [], groups };
  const names = flatColumns(file).map((position) => file.names[position] ?? '');
  const lists = file.columns.flatMap(({ list, maxRepetition }) => (list === null || maxRepetition === 0 ? [] : [list]));
  return { names, lists: [...new Set(lists)], groups };
}

/**
 * Rows of the row groups [first, last) of a file. With `carry` all columns are read, else only those whose values are
 * looked at. Row groups that hold no record of the wanted times are not read. `onRead` is told the bytes of each group
 * when it is done, with the first also those outside of groups. Codes are read into `heap`, the decoder's if there is
 * one. They and the batch are valid until the next is asked for.
 */
export async function* parquetSlices(
  source: ByteSource,
  heap: KernelHeap,
  first: number,
  last: number,
  carry: boolean,
  wanted: WantedStarts,
  onRead: (bytes: number) => void,
): AsyncGenerator<Slice> {
  const file = await openParquet(source);
  const kernel = PageKernel.over(heap);
  const ocsf = isOcsf(file);
  const flat = flatColumns(file);
  const fields = flat.map((position) => file.names[position] ?? '');
  if (!ocsf && !nameRecord(fields)) {
    const got = fields.slice(0, SHOWN_NAMES).join(', ');
    throw new FlowtrieError('input', `${source.name}: expected columns of a flow log such as srcaddr, got ${got}`);
  }
  const positions = ocsf
    ? file.names.map((_, position) => position)
    : flat.filter((position) => carry || isLookedAt(file.names[position] ?? ''));
  // one list for all batches: the decoder tells a file's format by it
  const names = positions.map((position) => file.names[position] ?? '');
  const grouped = file.rowGroups.reduce((sum, group) => sum + group.bytes, 0);
  if (first === 0) onRead(Math.max(0, source.size - grouped));
  for (const group of file.rowGroups.slice(first, last)) {
    if (isOutside(group.starts, wanted.span, wanted.slackSeconds)) {
      yield { kind: 'skipped', rows: group.rows };
      onRead(group.bytes);
      continue;
    }
    for await (const batch of groupBatches(file, kernel, group, names, positions)) {
      if (ocsf) yield* ocsfSlices(batch);
      else yield { kind: 'columns', columns: batch };
    }
    onRead(group.bytes);
  }
}

/** Names of columns that an error shows. */
const SHOWN_NAMES = 10;

/** Columns with one value a row. */
function flatColumns(file: ParquetFile): number[] {
  return file.columns.flatMap(({ maxRepetition }, position) => (maxRepetition === 0 ? [position] : []));
}

/** Texts that judging looks at. */
const JUDGED = ['reject-reason', 'pkt-src-aws-service', 'pkt-dst-aws-service'];

/** The version whose fields tell a transit gateway flow log. */
const TGW_VERSION = 6;

const LOOKED_AT: ReadonlySet<string> = new Set(
  FIELDS.filter(({ type, version, name }) => type !== 'text' || version === TGW_VERSION || JUDGED.includes(name)).map(
    (field) => squash(field.name),
  ),
);

/** Whether the field can change a count: its values are checked, or judged by, or it says what the log is. */
function isLookedAt(name: string): boolean {
  return LOOKED_AT.has(squash(name));
}

/** Security Lake: events of OCSF, not records. */
function isOcsf(file: ParquetFile): boolean {
  return file.names.includes('class_uid') && file.names.includes('src_endpoint.ip');
}

function* ocsfSlices(batch: ColumnBatch): Generator<FramedSlice> {
  const buffer = new SliceBuffer();
  const paths = batch.names.map((name) => name.replace(/\.(list\.element|bag\.array_element|array)$/, '.0').split('.'));
  for (let row = 0; row < batch.rows; row++) {
    const event: Tree = {};
    for (const [i, run] of batch.columns.entries()) {
      const code = run.codes[row] ?? -1;
      if (code >= 0) place(event, paths[i] ?? [], textOf(run.values, code));
    }
    buffer.record(OCSF_FIELDS, ocsfValues(event));
  }
  yield* buffer.take(true);
}

interface Tree {
  [name: string]: string | Tree;
}

function place(tree: Tree, path: readonly string[], value: string): void {
  let here = tree;
  for (const name of path.slice(0, -1)) {
    const next = here[name];
    const branch = typeof next === 'object' ? next : {};
    here[name] = branch;
    here = branch;
  }
  here[path.at(-1) ?? ''] = value;
}

function textOf(values: ColumnBatch['columns'][number]['values'], code: number): string {
  if (values.kind === 'text') {
    return Buffer.from(values.bytes.subarray(values.starts[code], values.ends[code])).toString('utf8');
  }
  const high = values.halves[2 * code + 1] ?? 0;
  return String(BigInt(high) * 0x1_0000_0000n + BigInt(values.halves[2 * code] ?? 0));
}
