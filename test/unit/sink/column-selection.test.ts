import { describe, expect, it } from 'vitest';
import { parseColumns, selectColumns } from '../../../src/sink/column-selection.ts';
import type { OutputColumn } from '../../../src/sink/columns.ts';
import { createBatchEncoder } from '../../../src/sink/encoder.ts';
import type { OutputFormat } from '../../../src/sink/part.ts';
import { Dice } from '../../support/dice.ts';
import { carry, sampleContext, sampleRows } from './sample.ts';
import { joined } from './written.ts';

describe('--columns', () => {
  it.each([
    ['srcaddr,dst_pod', ['srcaddr', 'dst_pod']],
    [' srcaddr  dst-pod ', ['srcaddr', 'dst_pod']],
    ['${srcaddr} ${pkt-dstaddr} ${DST-POD}', ['srcaddr', 'pkt_dstaddr', 'dst_pod']],
    ['${bytes},drift', ['bytes', 'drift']],
  ])('%s', (text, names) => {
    expect(parseColumns(text)).toEqual(names);
  });

  it.each([
    ['', /expected names of columns, got ''/],
    ['a,b,a', /a twice/],
  ])('refuses %j', (text, message) => {
    expect(() => parseColumns(text)).toThrow(message);
  });

  it('takes known fields that no input has, and names the nearest for one that nobody knows', () => {
    const { columns } = sampleContext(['Own-Word']);
    expect(selectColumns(columns, ['own_word', 'tcp_flags', 'extra']).map((c) => [c.name, c.type])).toEqual([
      ['Own_Word', 'utf8'],
      ['tcp_flags', 'uint8'],
      ['extra', 'utf8'],
    ]);
    expect(() => selectColumns(columns, ['srcpod'])).toThrow("got 'srcpod' (did you mean src_pod?)");
  });
});

/** Rows of the sample, `extra` filled by a field that comes later and one that has no column. */
async function rowsOf(format: OutputFormat, columns: readonly OutputColumn[] | null): Promise<string> {
  const context = sampleContext(['account-id', 'own']);
  const { flow, verdicts } = sampleRows();
  carry(flow, { 'account-id': ['111111111111', '', '222222222222'], own: ['x', '', 'ü'], later: ['l', '', ''] });
  const encoder = createBatchEncoder(format, columns === null ? context : { ...context, columns });
  const text = joined(await encoder.encode(flow, verdicts)).toString();
  flow.judged = false;
  return text + joined(await encoder.encode(flow, verdicts)).toString();
}

describe('chosen columns', () => {
  it('are the members of the whole rows, in the order chosen', async () => {
    const all = sampleContext(['account-id', 'own']).columns;
    const whole = (await rowsOf('ndjson', null))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    const dice = new Dice(7);
    for (let n = 0; n < 200; n++) {
      const chosen = dice.shuffle(all).slice(0, 1 + dice.below(all.length));
      if (n === 0) chosen.splice(0, chosen.length, ...all);
      const expected = whole.map((row) => {
        const members = new Map(Object.entries(row));
        return JSON.stringify(Object.fromEntries(chosen.map(({ name }) => [name, members.get(name)])));
      });
      const found = (await rowsOf('ndjson', chosen)).trimEnd().split('\n');
      expect(found.map((line) => JSON.stringify(JSON.parse(line)))).toEqual(expected);
    }
  });

  it('leave the values of the others out of extra', async () => {
    const all = sampleContext(['account-id', 'own']).columns;
    const chosen = selectColumns(all, ['extra', 'own']);
    const [first] = (await rowsOf('ndjson', chosen)).split('\n');
    expect(first).toBe('{"extra":{"later":"l"},"own":"x"}');
    expect((await rowsOf('csv', chosen)).split('\n')[0]).toBe('"{""later"":""l""}",x');
  });
});
