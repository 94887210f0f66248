import { parseString } from 'fast-csv';
import { describe, expect, it } from 'vitest';
import { csvEncoder, csvHeader } from '../../../src/sink/csv.ts';
import type { RowContext } from '../../../src/sink/rows.ts';
import { carry, emptyRows, type Rows, sampleContext, sampleRows } from './sample.ts';

async function text(context: RowContext, { flow, verdicts }: Rows): Promise<string> {
  const header = Buffer.from(await csvHeader(context.columns));
  return Buffer.concat([header, ...(await csvEncoder(context).encode(flow, verdicts))]).toString('utf8');
}

function parse(csv: string): Promise<Record<string, string>[]> {
  return new Promise((resolve, reject) => {
    const rows: Record<string, string>[] = [];
    parseString<Record<string, string>, Record<string, string>>(csv, { headers: true })
      .on('data', (row) => rows.push(row))
      .on('error', reject)
      .on('end', () => resolve(rows));
  });
}

describe('CSV', () => {
  it('starts with the column names and ends every row with a newline', async () => {
    const context = sampleContext();
    const lines = (await text(context, sampleRows())).split('\n');
    expect(lines[0]).toBe(context.columns.map((column) => column.name).join(','));
    expect(lines).toHaveLength(5);
    expect(lines[4]).toBe('');
    expect(lines[1]).toMatch(
      /^2,,eni-0a,10\.0\.1\.5,10\.0\.2\.9,49152,443,6,10,840,1700000000,1700000060,REJECT,OK,ingress,/,
    );
  });

  it('quotes commas, quotes and newlines so that they come back', async () => {
    const rows = sampleRows();
    rows.verdicts.dstOwner[0] = 1;
    carry(rows.flow, { 'instance-tag': ['a,b', 'say "hi"', 'two\nlines\r'] });
    const found = await parse(await text(sampleContext(['instance-tag']), rows));
    expect(found.map((row) => row.instance_tag)).toEqual(['a,b', 'say "hi"', 'two\nlines\r']);
    expect(found[0]?.dst_service).toBe('shop/web, "the" load balancer');
  });

  it('keeps NUL, and blanks at the edges between quotes', async () => {
    const rows = sampleRows();
    const values = ['\0a\0,"', ' lead trail\t', '\u2028\uFEFFx\u00a0'];
    carry(rows.flow, { 'instance-tag': values, own: ['\0', ' ', 'in \ue000ner'] });
    const csv = await text(sampleContext(['instance-tag', 'own']), rows);
    const found = await parse(csv);
    expect(found.map((row) => row.instance_tag)).toEqual(values);
    expect(found.map((row) => row.own)).toEqual(['\0', ' ', 'in \ue000ner']);
    expect(csv).toContain(',in \ue000ner,');
  });

  it('joins candidates, keeps 64-bit values and IPv6, leaves absent values empty', async () => {
    const rows = await parse(await text(sampleContext(), sampleRows()));
    expect(rows[1]).toMatchObject({
      srcaddr: '2001:db8::1',
      packets: '18446744073709551615',
      bytes: '9007199254740993',
      src_candidates: 'shop/web-1;schöp/bäcker-\u{1f950}',
      dst_candidates: '',
      nacl_rule: '',
    });
    expect(rows[1]?.extra).toContain('"tcp_flags":18');
    expect(rows[2]).toMatchObject({
      version: '',
      srcport: '',
      src_addr: '',
      inventory_version: '2024-12-20T18:00:00Z',
    });
  });

  it('gives no bytes for a batch without rows', async () => {
    const { flow, verdicts } = emptyRows();
    expect(await csvEncoder(sampleContext()).encode(flow, verdicts)).toHaveLength(0);
  });
});
