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
    ['commas and blanks', table(', ', (value) => value)],
    ['commas and blanks, every value quoted', table(' , ', quoted)],
    [
      'commas, names and numbers padded inside quotes',
      table(',', (value, i) => quoted(i === 1 || i === 2 ? value : ` ${value}`)),
    ],
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

  it.each([',', '\t', ';'])('what quotes hold is exact, blanks at its edges too: %j', async (delimiter) => {
    const row = (...values: readonly string[]): string => `${values.join(delimiter)}\n`;
    const content =
      row('interface-id', 'srcaddr', 'srcport', 'instance-tag', 'note') +
      // a number has no blanks: some exports fill all cells up
      row('eni-1', '" 10.0.0.1 "', '"443  "', '" web"', '"  two words "') +
      row(' "eni-2" ', '" "', '" "', 'web', '" "');
    for (const [name, text] of [
      ['quoted early', content],
      ['quoted far behind', content.replace('\n', `\n${row('eni-0', '10.0.0.1', '80', 'a', 'b').repeat(4000)}`)],
    ] as const) {
      const { ledger, rows } = await replayInputs([write('edges.csv', text)]);
      expect(ledger, name).toMatchObject({ headers: 1, malformed: {} });
      const [first, second] = rows.slice(-2);
      const values = { interface_id: 'eni-1', srcaddr: '10.0.0.1', srcport: 443, instance_tag: ' web' };
      expect(first, name).toMatchObject({ ...values, note: '  two words ' });
      expect(second, name).toMatchObject({ interface_id: 'eni-2', srcaddr: null, srcport: null, note: ' ' });
    }
  });

  it('a record that is malformed is shown with its values apart', async () => {
    const names = ['interface-id', 'srcaddr', 'dstaddr', 'srcport', 'note'];
    const rows = [
      ['eni-1', '10.0.0.1', '', '443', 'two words'],
      ['eni-2', '10.0.0.1', '', 'https', 'two words'],
      ['eni-3', '10.0.0.300', '10.0.0.1', '80', ''],
    ];
    const shown = ['eni-2 10.0.0.1 - https two words', 'eni-3 10.0.0.300 10.0.0.1 80 -'];
    const csv = [names, ...rows].map((row) => `${row.map(quoted).join(',')}\n`).join('');
    const json = rows.map((row) => `${JSON.stringify(Object.fromEntries(row.map((v, i) => [names[i], v || null])))}\n`);
    expect((await replayInputs([write('shown.csv', csv)])).quarantined).toEqual(shown);
    expect((await replayInputs([write('shown.json', json.join(''))])).quarantined).toEqual(shown);
  });

  it.each([',', ' '])('a line that names a field twice is no header, parted by %j', async (delimiter) => {
    const names = [...DEFAULT_FORMAT, 'srcaddr'].join(delimiter);
    const rows = RECORDS.slice(0, 3).map((row) => [...row, '10.0.0.9'].join(delimiter));
    for (const value of ['', '"'].slice(0, delimiter === ',' ? 2 : 1)) {
      const content = [names, ...rows.map((row) => row.replace('eni-00', `${value}eni-00${value}`)), ''].join('\n');
      const { ledger, malformed, quarantined } = await replayInputs([write('twice.csv', content)]);
      expect(ledger).toMatchObject({ lines: 4, headers: 0, classified: 0 });
      expect(malformed).toEqual([1, 2, 3, 4].map((line) => `${line} field-count`));
      expect(quarantined[0]).toBe(names);
    }
  });

  it('one damaged line costs no other', async () => {
    const lines = table(',', quoted).split('\n').slice(0, 4);
    const damaged = [lines[0], lines[2], '"2","unclosed,1', '"1","2","3"', '', 'x'.repeat(70_000), lines[3], ''];
    const { ledger, malformed } = await replayInputs([write('damaged.csv', damaged.join('\n'))]);
    expect(ledger).toMatchObject({ lines: 7, headers: 1, blank: 1, classified: 2 });
    expect(malformed).toEqual(['3 field-count', '4 field-count', '6 line-too-long']);
  });

  it('a header of commas: lines are parted at blanks, an instant in front is dropped, as without it', async () => {
    const reference = await replayInputs([write('reference.log', text)]);
    const [header = '', ...lines] = table(',', (value) => value).split('\n');
    const timed = lines.map((line) => (line === '' ? '' : `2026-03-02T08:00:00Z,${line}`));
    const blanks = text.split('\n').slice(1);
    for (const [name, rest, malformed] of [
      ['blanks', blanks, []],
      ['instants', timed, []],
      ['instants and a junk line', [...timed.slice(0, -1), 'not a record', ''], ['302 field-count']],
      ['instants, blanks and a quote', [...timed.slice(0, 10), ...blanks.slice(10, -1), '"', ''], ['302 field-count']],
      [
        'an instant in front of a quoted row',
        ['2026-03-02T08:00:00Z,"2"'.concat(lines[0]?.slice(1) ?? ''), ...lines.slice(1)],
        [],
      ],
    ] as const) {
      const { ledger, rows, malformed: found } = await replayInputs([write('mixed.csv', [header, ...rest].join('\n'))]);
      expect(rows, name).toEqual(reference.rows);
      expect(found, name).toEqual(malformed);
      expect(ledger.headers, name).toBe(1);
    }
  });

  it.each([',', '\t'])(
    'quotes, and blanks in values, mean the same far behind the first bytes: %j',
    async (delimiter) => {
      const names = [...DEFAULT_FORMAT, 'note', 'subnet-id'].join(delimiter);
      const rowsOf = (note: string, quote = ''): string =>
        RECORDS.map((row) => [...row.map((value) => quote + value + quote), note, 'subnet-1'].join(delimiter)).join(
          '\n',
        );
      const plain = Array.from({ length: 4 }, () => rowsOf('x')).join('\n');
      expect(plain.length).toBeGreaterThan(64 * 1024);
      const bad =
        RECORDS[1]
          ?.map((value, i) => `"${i === 5 ? 'port' : value}"`)
          .concat('-', '-')
          .join(delimiter) ?? '';
      const odd = [
        rowsOf('"two, words\tand a tab"'),
        rowsOf('"say ""no"""'),
        `"${names.replaceAll(delimiter, `"${delimiter}"`)}"`,
        rowsOf('"x"', '"'),
        bad,
        rowsOf('two words'),
        rowsOf(delimiter === ',' ? '"2"' : ''),
        rowsOf('x').replaceAll(delimiter, ' '),
      ];
      const replayed = await replayInputs([write('far.csv', [names, plain, ...odd, ''].join('\n'))]);
      const { ledger, rows, malformed } = replayed;
      expect(replayed.quarantined).toEqual([bad]);
      const blocks = [4, 1, 1, 1, 1, 1, 1].flatMap((times, i) => Array<number>(times).fill(i));
      const notes = ['x', 'two, words\tand a tab', 'say "no"', 'x', 'two words', delimiter === ',' ? '2' : null, 'x'];
      const reference = await replayInputs([at('reference.log')]);
      expect(malformed).toEqual([`${1 + 4 * 300 + 3 * 300 + 2} port`]);
      expect(ledger).toMatchObject({ headers: 2, lines: 2 + 300 * blocks.length + 1 });
      expect((await replayInputs([at('far.csv')], null, false)).ledger).toEqual(ledger);
      expect(rows).toEqual(
        blocks.flatMap((block) => reference.rows.map((row) => ({ ...row, note: notes[block], subnet_id: 'subnet-1' }))),
      );
    },
  );

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
