import { strict as assert } from 'node:assert';
import { describe, expect, it } from 'vitest';
import { formatOf } from '../../../src/decode/format.ts';
import { DecodeKernel } from '../../../src/decode/kernel.ts';
import { FlowDecoder } from '../../../src/decode/text.ts';
import { createKeptMemory, Keeper, type KeptMemory, type KeptTask, restoreBatches } from '../../../src/engine/kept.ts';
import { DEFAULT_FORMAT } from '../../../src/model/flow.ts';
import { rowsOf } from '../../support/flow-rows.ts';

describe('a kept batch', () => {
  const fields = [
    ...DEFAULT_FORMAT,
    'pkt-srcaddr',
    'pkt-dstaddr',
    'flow-direction',
    'tcp-flags',
    'reject-reason',
    'vpc-id',
  ];
  const format = formatOf(fields);

  /** Decodes the lines, a batch at a time, and keeps them; `rows`: what was in the batches. */
  function keep(lines: readonly string[], memory: KeptMemory): { task: KeptTask | null; rows: object[] } {
    const decoder = new FlowDecoder({ format, carry: false, kernel: new DecodeKernel(16) });
    const keeper = new Keeper(memory, decoder);
    const rows: object[] = [];
    const bytes = Buffer.from(`${lines.join('\n')}\n`);
    for (let at = 0; at < bytes.length; decoder.clear()) {
      at = decoder.decode(bytes, at, bytes.length);
      keeper.keep();
      rows.push(...rowsIn(decoder));
    }
    return { task: keeper.finish(7, null), rows };
  }

  /** What is known of each row; reasons of rejects by their codes, as no text is carried here. */
  function rowsIn(decoder: FlowDecoder): object[] {
    const { batch } = decoder;
    return rowsOf(batch, decoder).map((row, i) => ({ ...row, 'reject-reason': batch.rejectReason[i] }));
  }

  it('is what was decoded, in a decoder that knows other interfaces', () => {
    const line = (i: number, from: string, to: string): string =>
      `5 123456789012 eni-${i} ${from} ${to} ${i} ${65_535 - i} 6 ${2 ** 33 + i} ${i} ${1_700_000_000 + i} ` +
      `${i % 3 === 0 ? '-' : 1_700_000_060} ${i % 2 === 0 ? 'ACCEPT' : 'REJECT'} OK ${to} ${from} ` +
      `${i % 2 === 0 ? 'ingress' : 'egress'} ${i % 256} ${i % 5 === 0 ? 'BPA' : '-'} ` +
      `${i % 4 === 0 ? '-' : `vpc-${i % 3}`}`;
    const lines = Array.from({ length: 40 }, (_, i) =>
      line(i, `10.1.${i}.1`, i % 7 === 6 ? `2001:db8::${i}` : '10.2.0.1'),
    );
    const memory = createKeptMemory(64 * 1024);
    const { task, rows } = keep(lines, memory);
    expect(rows).toHaveLength(40);
    assert(task !== null);
    const other = new FlowDecoder({ format, carry: false, kernel: new DecodeKernel(16) });
    const known = Buffer.from(`${line(39, '10.9.9.9', '10.9.9.8')}\n${line(3, '2001:db8::9', '10.9.9.8')}\n`);
    other.decode(known, 0, known.length);
    const again: object[] = [];
    for (const _ of restoreBatches(other, task, memory)) again.push(...rowsIn(other));
    expect(again).toEqual(rows);
  });

  it('is none where memory does not suffice for all of a task', () => {
    const line = (i: number): string => `5 1 eni-0 10.0.0.1 10.0.0.2 1 2 6 1 1 ${i} 1 ACCEPT OK - - - - - -`;
    const lines = Array.from({ length: 64 }, (_, i) => line(i));
    expect(keep(lines, createKeptMemory(2048)).task).toBeNull();
    expect(keep(lines, createKeptMemory(8192)).task).not.toBeNull();
  });
});
