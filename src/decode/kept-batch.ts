import { type FlowBatch, Present } from '../model/flow.ts';
import { copyShared } from '../model/shared-copy.ts';
import type { Format } from './format.ts';
import { type ColumnName, columnsOf } from './kernel.ts';

/** A decoded batch in shared memory: each column's rows, one column behind the other, at multiples of 8 bytes. */
export interface KeptBatch {
  /** Byte offset of the first column. */
  readonly at: number;
  readonly rows: number;
  /** As in FlowBatch. */
  readonly judged: boolean;
  /** In this order. Ids are numbers of whoever keeps the batch, −1 = none. */
  readonly columns: readonly KeptColumn[];
}

type KeptColumn = ColumnName | 'present' | 'v6';

/** Columns of codes, which are a worker's own. */
export type IdColumn = 'interfaceId' | 'vpcId';
const IDS: Readonly<Record<IdColumn, number>> = { interfaceId: Present.interfaceId, vpcId: Present.vpcId };

const ANY_V6: number = Present.srcAddrV6 | Present.dstAddrV6 | Present.pktSrcAddrV6 | Present.pktDstAddrV6;

/** The columns of a batch that hold something: those of its format; the side column only where a row uses it. */
export function keptColumns(batch: FlowBatch, format: Format): readonly KeptColumn[] {
  let bits = 0;
  for (let i = 0; i < batch.rows; i++) bits |= batch.present[i]!;
  // a format without reject-reason has a column of nulls
  const columns = new Set<KeptColumn>(['interfaceId', 'present', 'rejectReason', ...columnsOf(format)]);
  if ((bits & ANY_V6) !== 0) columns.add('v6');
  return [...columns];
}

/** Bytes that the columns take in shared memory. */
export function keptBytes(batch: FlowBatch, columns: readonly KeptColumn[]): number {
  return columns.reduce((sum, name) => sum + paddedBytes(rowsOf(batch, name, batch.rows)), 0);
}

/** Copies all columns but the ids to where `kept` says. */
export function keepColumns(batch: FlowBatch, kept: KeptBatch, memory: SharedArrayBuffer): void {
  const target = Buffer.from(memory);
  eachColumn(batch, kept, (column, at) => copyShared(column, target, at));
}

/** Fills the batch with all columns but the ids. */
export function restoreColumns(batch: FlowBatch, kept: KeptBatch, memory: SharedArrayBuffer): void {
  eachColumn(batch, kept, (column, at) => {
    const target = Buffer.from(column.buffer, column.byteOffset, column.length);
    copyShared(new Uint8Array(memory, at, column.length), target, 0);
  });
  batch.rows = kept.rows;
  batch.judged = kept.judged;
}

/** Where the ids of each row stand, and their present bit. */
export function keptIds(
  batch: FlowBatch,
  kept: KeptBatch,
  memory: SharedArrayBuffer,
): { readonly name: IdColumn; readonly bit: number; readonly numbers: Int32Array }[] {
  let { at } = kept;
  return kept.columns.flatMap((name) => {
    const from = at;
    at += paddedBytes(rowsOf(batch, name, kept.rows));
    return isIds(name) ? [{ name, bit: IDS[name], numbers: new Int32Array(memory, from, kept.rows) }] : [];
  });
}

function isIds(name: KeptColumn): name is IdColumn {
  return name in IDS;
}

function eachColumn(batch: FlowBatch, kept: KeptBatch, take: (column: Uint8Array, at: number) => void): void {
  let { at } = kept;
  for (const name of kept.columns) {
    const column = rowsOf(batch, name, kept.rows);
    if (!isIds(name)) take(column, at);
    at += paddedBytes(column);
  }
}

/** Bytes of the first `rows` rows of a column. */
function rowsOf(batch: FlowBatch, name: KeptColumn, rows: number): Uint8Array {
  const { buffer, byteOffset, byteLength } = batch[name];
  return new Uint8Array(buffer, byteOffset, (byteLength / batch.capacity) * rows);
}

function paddedBytes({ length }: Uint8Array): number {
  return Math.ceil(length / 8) * 8;
}
