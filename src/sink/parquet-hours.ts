import { strict as assert } from 'node:assert';
import { FlowtrieError } from '../model/errors.ts';
import type { ColumnData } from './chunk-data.ts';
import type { OutputColumn } from './columns.ts';

const HOUR_SECONDS = 3600;

/** Partition of the rows without a `start`, as Hive calls it. */
const NO_HOUR = -1;
const NO_VALUE = '__HIVE_DEFAULT_PARTITION__';

/** Index of the column that decides the hour. Throws FlowtrieError `usage` when it was not chosen. */
export function startColumn(columns: readonly OutputColumn[]): number {
  const start = columns.findIndex((column) => column.name === 'start');
  if (start < 0)
    throw new FlowtrieError('usage', '--columns: expected start among them, a folder is partitioned by it');
  return start;
}

/** Numbers of the rows of each hour, hours in order of appearance. */
export function rowsByHour(start: ColumnData, rows: number): ReadonlyMap<number, Int32Array> {
  assert(start.kind === 'numbers');
  const { values, nulls } = start;
  const hours = new Int32Array(rows);
  const counts = new Map<number, number>();
  let last = NO_HOUR;
  let run = 0;
  const close = (): void => void (run > 0 && counts.set(last, (counts.get(last) ?? 0) + run));
  for (let row = 0; row < rows; row++) {
    const hour = nulls !== null && nulls[row] === 1 ? NO_HOUR : Math.floor(values[2 * row]! / HOUR_SECONDS);
    hours[row] = hour;
    if (hour !== last) {
      close();
      last = hour;
      run = 0;
    }
    run++;
  }
  close();
  const found = new Map([...counts].map(([hour, count]) => [hour, { rows: new Int32Array(count), filled: 0 }]));
  let list = found.get(NO_HOUR);
  last = NO_HOUR;
  for (let row = 0; row < rows; row++) {
    const hour = hours[row]!;
    if (hour !== last) list = found.get(hour);
    last = hour;
    assert(list !== undefined);
    list.rows[list.filled++] = row;
  }
  return new Map([...found].map(([hour, { rows: numbers }]) => [hour, numbers]));
}

export function partitionFolder(hour: number): string {
  if (hour === NO_HOUR) return `dt=${NO_VALUE}/hour=${NO_VALUE}`;
  const [dt, time = ''] = new Date(hour * HOUR_SECONDS * 1000).toISOString().split('T');
  return `dt=${dt}/hour=${time.slice(0, 2)}`;
}
