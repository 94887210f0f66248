import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BATCH_ROWS } from '../../src/decode/kernel.ts';
import { FIELDS, type FieldType } from '../../src/model/flow.ts';
import { ledgerSum } from '../../src/model/ledger.ts';
import { type FlowLine, flowLine } from '../oracle/flow-line.ts';
import { Dice } from '../support/dice.ts';
import { decodeAll, decodeText } from '../support/flow-rows.ts';

const DEFAULT_NAMES = FIELDS.slice(0, 14).map((field) => field.name);

const HEX = '0123456789abcdef';
const DIGITS = '0123456789';
const PRINTABLE = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i))
  .join('')
  .replace(',', '');

const ODD = (
  'None -1 1.2.3 01.2.3.4 1.2.3.4.5 256.1.1.1 1.2.3. 1:2 ::: 1::2::3 fe80::1%eth0 12345::1 ::1: accept ' +
  'ACCEPTED N +1 1e3 65535 65536 00080 255 256 4294967295 4294967296 1734718982123 999999999 99999999999999 ' +
  '9999999999999999 0000001600000000 18446744073709551615 18446744073709551616 000000000000000000007 OKAY ' +
  'ingres egresss'
).split(' ');

const ipv4 = (dice: Dice): string =>
  Array.from({ length: 4 }, () => dice.pick([0, 9, 10, 99, 100, 255, dice.below(256)])).join('.');

/** Any of the text forms of RFC 4291. */
function ipv6(dice: Dice): string {
  const group = (): string => {
    const text = dice.text(HEX, 1 + dice.below(4));
    return dice.below(4) === 0 ? text.toUpperCase() : text;
  };
  const groups = Array.from({ length: 8 }, group);
  if (dice.below(4) === 0) groups.splice(6, 2, ipv4(dice));
  if (dice.below(3) === 0) return groups.join(':');
  const from = dice.below(groups.length);
  const count = 1 + dice.below(groups.length - from - (groups.at(-1)?.includes('.') ? 1 : 0) || 1);
  return `${groups.slice(0, from).join(':')}::${groups.slice(from + count).join(':')}`;
}

const VALUE: Readonly<Record<FieldType, (dice: Dice) => string>> = {
  u8: (dice) => String(dice.below(256)),
  u16: (dice) => String(dice.below(65_536)),
  u64: (dice) =>
    dice.pick([String(dice.below(5000)), (BigInt(dice.below(2 ** 31)) * BigInt(dice.below(2 ** 31)) * 4n).toString()]),
  seconds: (dice) => String(900_000_000 + dice.below(1_500_000_000)),
  address: (dice) => (dice.below(3) === 0 ? ipv6(dice) : ipv4(dice)),
  interface: (dice) => `eni-${dice.text(HEX, 1 + dice.below(17))}`,
  action: (dice) => dice.pick(['ACCEPT', 'REJECT']),
  status: (dice) => (dice.below(8) === 0 ? dice.pick(['NODATA', 'SKIPDATA']) : 'OK'),
  direction: (dice) => dice.pick(['ingress', 'egress']),
  text: (dice) =>
    dice.pick(['unknown', '6.02E+11', 'arn:aws:ecs:us-east-1:1:task/x', `v${dice.text(PRINTABLE, dice.below(30))}`]),
};

/** The value of a field: right, null, or now and then odd. */
function token(dice: Dice, name: string): string {
  const chance = dice.below(100);
  if (chance === 0) return dice.pick(ODD);
  if (chance === 1) return dice.text(dice.pick([DIGITS, PRINTABLE]), 1 + dice.below(21));
  if (chance < 8) return '-';
  return VALUE[FIELDS.find((field) => field.name === name)?.type ?? 'text'](dice);
}

/** The default format, an extension of it, or any fields in any order; never transit gateway fields. */
function formatOfSample(dice: Dice): readonly string[] {
  const names = dice.shuffle(FIELDS.filter((field) => field.version !== 6).map((field) => field.name));
  const kind = dice.below(4);
  if (kind === 0) return DEFAULT_NAMES;
  if (kind === 1) return names.slice(0, 1 + dice.below(names.length));
  const more = names.filter((name) => !DEFAULT_NAMES.includes(name)).slice(0, dice.below(20));
  return [...DEFAULT_NAMES, ...more, 'a-new-field'];
}

function lineOf(dice: Dice, fields: readonly string[]): string {
  if (dice.below(20) === 0) return dice.pick(['', '\r', '  ']);
  const separator = dice.pick([' ', ' ', ' ', ' ', ' ', '  ', '\t', ',']);
  const prefix = dice.pick(['', '', '', `2024-12-20T18:23:02.000Z${separator}`, ' ', `2024-12-20${separator}`]);
  const tail = dice.pick(['', '', '', '', '\r', ' ', ' x']);
  return `${prefix}${fields.map((name) => token(dice, name)).join(separator)}${tail}`;
}

/**
 * A line that a newline cuts in two, one that lacks a value between two blanks, or has another byte in place of a
 * blank; nearly always the line itself.
 */
function maimed(dice: Dice, line: string): readonly string[] {
  if (dice.below(25) !== 0) return [line];
  const values = line.split(' ');
  const at = dice.below(values.length);
  const how = dice.below(3);
  if (how === 0) return [values.slice(0, at).join(' '), values.slice(at).join(' ')];
  if (how === 1) return [values.slice(0, at).join(' ') + dice.pick(['\t', '\x00', '\v']) + values.slice(at).join(' ')];
  return [values.map((value, i) => (i === at ? '' : value)).join(' ')];
}

interface Sample {
  readonly fields: readonly string[];
  readonly lines: readonly string[];
}

function sampleOf(dice: Dice): Sample {
  const fields = formatOfSample(dice);
  return { fields, lines: Array.from({ length: 1 + dice.below(8) }, () => maimed(dice, lineOf(dice, fields))).flat() };
}

/** Text as exports hold it: line after line of one shape, with something odd every few hundred values. */
function longSampleOf(dice: Dice): Sample {
  const fields = formatOfSample(dice);
  const prefix = dice.pick(['', '', '2024-12-20T18:23:02.000Z ']);
  const end = dice.pick(['', '', '', '\r']);
  const first = dice.pick(FIRST_SECONDS);
  const line = (): string => {
    if (dice.below(300) === 0) return lineOf(dice, fields);
    const odd = dice.below(12) === 0 ? dice.below(fields.length) : -1;
    const value = (name: string, i: number): string =>
      i === odd ? oddToken(dice, name, first) : plainToken(dice, name, first);
    return `${prefix}${fields.map(value).join(' ')}${end}`;
  };
  return { fields, lines: Array.from({ length: 1 + dice.below(200) }, () => maimed(dice, line())).flat() };
}

/** Where the times of a text begin: in a year of ours; where their first two digits change; where seconds end. */
const FIRST_SECONDS = [1_734_718_982, 1_799_999_990, 4_199_999_990, 4_294_967_290, 999_999_990];

function plainToken(dice: Dice, name: string, firstSecond: number): string {
  if (dice.below(12) === 0) return '-';
  const type = FIELDS.find((field) => field.name === name)?.type ?? 'text';
  return type === 'seconds' ? String(firstSecond + dice.below(20)) : VALUE[type](dice);
}

/** A value off by one character, such as a neighbour of the digits or a leading zero; or an odd one. */
function oddToken(dice: Dice, name: string, firstSecond: number): string {
  const kind = dice.below(3);
  if (kind === 0) return dice.pick(ODD);
  if (kind === 1) return token(dice, name);
  const value = plainToken(dice, name, firstSecond);
  const at = dice.below(value.length + 1);
  return value.slice(0, at) + dice.pick(['/', ':', '0', '-', '.', '9']) + value.slice(at + dice.below(2));
}

/** fast-check draws and prints the seed; shrinking a seed would say nothing. */
const RUNS = { numRuns: 3000, endOnFailure: true };
/** FLOWTRIE_DECODE_RUNS=20000 reads four million lines. */
const LONG_RUNS = { numRuns: Number(process.env.FLOWTRIE_DECODE_RUNS ?? 300), endOnFailure: true };

function countsOf(lines: readonly FlowLine[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const line of lines) {
    const key = line.kind === 'malformed' ? line.reason : line.kind;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

/** Compares with the oracle; `capacity`: rows of a batch. */
function compare({ fields, lines }: Sample, newlineAtEnd: boolean, capacity: number): void {
  const decoded = decodeText(lines.join('\n') + (newlineAtEnd ? '\n' : ''), fields, capacity);
  const kept = newlineAtEnd || lines.at(-1) !== '' ? lines : lines.slice(0, -1);
  const expected = kept.map((line) => flowLine(line, fields));
  // a header would switch the format: none is generated here
  expect(expected.some((line) => line.kind === 'header')).toBe(false);
  expect(decoded.rows).toEqual(expected.flatMap((line) => (line.kind === 'row' ? [line.row] : [])));
  const { ledger } = decoded;
  const counts = countsOf(expected);
  expect({ ...ledger.malformed }).toEqual(
    Object.fromEntries(Object.entries(counts).filter(([key]) => !/^(row|blank|nodata|skipdata)$/.test(key))),
  );
  expect(ledger).toMatchObject({
    lines: kept.length,
    headers: 0,
    blank: counts.blank ?? 0,
    nodata: counts.nodata ?? 0,
    skipdata: counts.skipdata ?? 0,
  });
}

describe('decode', () => {
  it('finds the rows, counts and reasons that split and regular expressions find', () => {
    fc.assert(
      fc.property(fc.integer(), fc.boolean(), (seed, newlineAtEnd) => {
        compare(sampleOf(new Dice(seed)), newlineAtEnd, 3);
      }),
      RUNS,
    );
  });

  it('finds them in long texts of one shape', () => {
    fc.assert(
      fc.property(fc.integer(), fc.boolean(), fc.constantFrom(7, 64, BATCH_ROWS), (seed, newlineAtEnd, capacity) => {
        compare(longSampleOf(new Dice(seed)), newlineAtEnd, capacity);
      }),
      LONG_RUNS,
    );
  });

  it('finds what is wrong with any one byte of a line among right ones', () => {
    const names = [...DEFAULT_NAMES, 'tcp-flags', 'pkt-dstaddr', 'traffic-path'];
    const line =
      '5 123456789010 eni-0deafc105f42e3843 10.42.64.85 210.4.193.21 8443 48806 17 912 95859 1734718982 1734719042 ' +
      'ACCEPT OK 19 10.142.193.224 8';
    const lines = Array.from(line).flatMap((_, at) =>
      Array.from('/:0-.9;A ', (byte, b) => [
        line.slice(0, at) + byte + line.slice(at + 1),
        ...Array.from({ length: (at + b) % 9 }, () => line),
      ]).flat(),
    );
    compare({ fields: names, lines }, true, BATCH_ROWS);
  });

  it('never throws and keeps the ledger law on mutated and random bytes', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const dice = new Dice(seed);
        const { fields, lines } = sampleOf(dice);
        const bytes = Buffer.from(`${fields.join(' ')}\n${lines.join('\n')}`, 'latin1');
        for (let n = dice.below(dice.pick([3, 12, bytes.length])); n > 0; n--)
          bytes[dice.below(bytes.length)] = dice.below(256);
        const { ledger, rows, malformed } = decodeAll(bytes, DEFAULT_NAMES);
        const newlines = bytes.filter((byte) => byte === 10).length;
        expect(ledger.lines).toBe(newlines + (bytes.length > 0 && bytes.at(-1) !== 10 ? 1 : 0));
        expect(ledgerSum(ledger)).toBe(ledger.lines);
        expect(rows.length).toBe(ledger.classified + ledger.notJudged);
        expect(malformed.length).toBe(Object.values(ledger.malformed).reduce((sum, n) => sum + n, 0));
      }),
      RUNS,
    );
  });
});
