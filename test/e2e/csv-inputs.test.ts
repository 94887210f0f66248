import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { DEFAULT_FORMAT } from '../../src/model/flow.ts';
import { runCli } from '../support/cli.ts';
import { replayInputs } from '../support/replay-files.ts';

const INVENTORY = fileURLToPath(new URL('../conformance/inventories/aws-fixture', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'flowtrie-csv-'));
const at = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const RECORDS = Array.from({ length: 300 }, (_, i) => [
  ...['2', '123456789012', `eni-0${i % 3}`, `10.0.0.${i % 250}`, '10.0.1.7', String(1024 + i), '443', '6', '3'],
  ...[String(40 * i), '1700000000', '1700000060', i % 5 === 0 ? 'REJECT' : 'ACCEPT', i % 50 === 0 ? 'NODATA' : 'OK'],
]);
const quoted = (value: string): string => `"${value}"`;

function table(delimiter: string, of: (value: string, column: number) => string, end = '\n'): string {
  return [DEFAULT_FORMAT, ...RECORDS].map((row) => row.map(of).join(delimiter) + end).join('');
}

const write = (name: string, content: string | Uint8Array): string => {
  writeFileSync(at(name), content);
  return at(name);
};

describe('tables give what their lines give', () => {
  const text = table(' ', (value) => value);

  it.each<[string, string | Uint8Array]>([
    ['commas', table(',', (value) => value)],
    ['tabs', table('\t', (value) => value)],
    ['commas, every value quoted', table(',', quoted)],
    ['commas, some values quoted', table(',', (value, i) => (i === 2 ? quoted(value) : value))],
    ['tabs, every value quoted', table('\t', quoted)],
    ['semicolons', table(';', (value) => value)],
    ['a byte order mark and CRLF', `\uFEFF${table(',', quoted, '\r\n')}`],
    ['gzip', gzipSync(table(',', quoted))],
    ['a header repeated in the middle', table(',', quoted) + table(',', quoted)],
  ])('%s', async (name, content) => {
    const twice = name.startsWith('a header');
    const reference = await replayInputs([write('reference.log', twice ? text + text : text)]);
    const { ledger, rows, failures } = await replayInputs([write('table', content)]);
    expect(failures).toEqual([]);
    expect(ledger).toEqual(reference.ledger);
    expect(ledger.headers).toBe(twice ? 2 : 1);
    expect(rows).toEqual(reference.rows);
  });

  it('empty cells are null, blanks and delimiters inside quotes belong to the value', async () => {
    const content =
      'interface-id\tsrcaddr\tdstaddr\tsrcport\tnote\n' +
      'eni-1\t10.0.0.1\t\t443\t"two words\tand a tab"\n' +
      'eni-1\t\t\t\t"say ""no"""\n';
    const { ledger, rows } = await replayInputs([write('cells.tsv', content)]);
    expect(ledger).toMatchObject({ lines: 3, headers: 1, classified: 2, malformed: {} });
    expect(rows[0]).toMatchObject({ dstaddr: null, srcport: 443, note: 'two words\tand a tab' });
    expect(rows[1]).toMatchObject({ srcaddr: null, srcport: null, note: 'say "no"' });
  });

  it('one damaged line costs no other', async () => {
    const lines = table(',', quoted).split('\n').slice(0, 4);
    const damaged = [lines[0], lines[2], '"2","unclosed,1', '"1","2","3"', '', 'x'.repeat(70_000), lines[3], ''];
    const { ledger, malformed } = await replayInputs([write('damaged.csv', damaged.join('\n'))]);
    expect(ledger).toMatchObject({ lines: 7, headers: 1, blank: 1, classified: 2 });
    expect(malformed).toEqual(['3 field-count', '4 field-count', '6 line-too-long']);
  });

  it('an export of messages: each is a line of the log', async () => {
    const rows = RECORDS.map((row, i) => `"2023-11-14 22:13:20.${100 + i}","${row.join(' ')}"`);
    const { ledger } = await replayInputs([write('insights.csv', `"@timestamp","@message"\n${rows.join('\n')}\n`)]);
    expect(ledger).toMatchObject({ lines: 300, headers: 0, classified: 294, nodata: 6, malformed: {} });
  });

  it('what was written as CSV is read again, from standard input and for any number of threads', async () => {
    const replayed = async (input: string, out: string, ...more: readonly string[]): Promise<string> => {
      const stdin = input === '-' ? { stdin: readFileSync(at('rows.csv')) } : {};
      const args = ['replay', input, '--inventory', INVENTORY, '-q', '--out', at(out), ...more];
      expect(await runCli(args, stdin)).toMatchObject({ code: 0, stderr: '' });
      return readFileSync(at(out), 'utf8');
    };
    const reference = await replayed(write('reference.log', text), 'reference.ndjson');
    await replayed(at('reference.log'), 'rows.csv');
    expect(await replayed(at('rows.csv'), 'again.ndjson', '--threads', '2')).toBe(reference);
    expect(await replayed('-', 'again.ndjson', '--threads', '1')).toBe(reference);
  });
});
