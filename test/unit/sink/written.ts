import { writeFile } from 'node:fs/promises';
import { createBatchEncoder } from '../../../src/sink/encoder.ts';
import { openOutput } from '../../../src/sink/output.ts';
import type { Encoded, OutputFormat } from '../../../src/sink/part.ts';
import type { RowContext } from '../../../src/sink/rows.ts';
import { carry, emptyRows, fillRow, type Rows, sampleRows } from './sample.ts';

/** Batches that differ in their dictionaries: other addresses, owners and carried words in each. */
export function batches(): Rows[] {
  const first = sampleRows();
  carry(first.flow, { 'account-id': ['111111111111', '222222222222', ''], own: ['x', '', 'ü'] });
  const second = emptyRows(16);
  for (let row = 0; row < 16; row++) {
    fillRow(second, row);
    second.flow.dstAddr[row] = 0x0a000209 - row;
    second.verdicts.srcOwner[row] = row % 3 === 0 ? -1 : row % 2;
    if (row > 12) second.verdicts.version[row] = 1;
    if (row > 12) second.verdicts.srcOwner[row] = second.verdicts.sgRule[row] = second.verdicts.dstOwner[row] = -1;
    if (row > 12) second.verdicts.naclRule[row] = second.verdicts.decidedBy[row] = -1;
  }
  second.flow.rows = 16;
  carry(second.flow, { 'account-id': Array.from({ length: 16 }, (_, i) => `${333333333333 - (i % 2)}`) });
  const third = sampleRows();
  third.flow.judged = false;
  carry(third.flow, { late: ['\u{1f950}', Buffer.from([0xff]), ''], 'traffic-path': ['7', '', '8'] });
  return [first, second, third];
}

/** Pieces copied as they come: the memory of one is that of the next. */
export function joined(pieces: Encoded): Buffer {
  return Buffer.concat(Array.from(pieces, (piece) => Buffer.from(piece)));
}

/** One part file. */
export async function writePart(
  path: string,
  format: OutputFormat,
  context: RowContext,
  rows: readonly Rows[],
): Promise<string> {
  const encoder = createBatchEncoder(format, context);
  const parts: Uint8Array[] = [];
  for (const { flow, verdicts } of rows) parts.push(joined(await encoder.encode(flow, verdicts)));
  parts.push(joined((await encoder.finish?.()) ?? []));
  await writeFile(path, Buffer.concat(parts));
  return path;
}

/** Parts made by an encoder each, as tasks do, put together under `path`. */
export async function writeAll(
  path: string,
  format: OutputFormat,
  context: RowContext,
  parts: readonly (readonly Rows[])[],
): Promise<string> {
  const output = await openOutput(format, path, context.columns);
  for (const [i, rows] of parts.entries()) {
    const part = `${path.replace(/\/$/, '')}.part-${i}`;
    await output.append({ path: await writePart(part, format, context, rows) });
  }
  await output.close();
  return path;
}

/** Rows as NDJSON has them, every number a BigInt so that nothing is rounded. */
export function exactRows(ndjson: string): unknown[] {
  const quoted = ndjson.replace(/":(\d+)(?=[,}])/g, '":"#$1"');
  const revive = (_: string, value: unknown): unknown =>
    typeof value === 'string' && /^#\d+$/.test(value) ? BigInt(value.slice(1)) : value;
  return quoted
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line, revive) as unknown);
}
