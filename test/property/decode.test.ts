import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FIELDS, type FieldType } from '../../src/model/flow.ts';
import { ledgerSum } from '../../src/model/ledger.ts';
import { type FlowLine, flowLine } from '../oracle/flow-line.ts';
import { decodeAll, decodeText } from '../support/flow-rows.ts';

const DEFAULT_NAMES = FIELDS.slice(0, 14).map((field) => field.name);

const octets = fc.ipV4();
const ipv6 = fc.oneof(
  fc.ipV6(),
  fc.tuple(fc.ipV6(), fc.nat({ max: 1 })).map(([text, upper]) => (upper === 1 ? text.toUpperCase() : text)),
  octets.map((tail) => `::ffff:${tail}`),
  fc.constantFrom('::', '::1', '1::', 'fd00:ec2::254', '1:2:3:4:5:6:7::', '::2:3:4:5:6:7:8', '1:2:3:4:5:6:7.8.9.10'),
);
const word = fc.stringMatching(/^[!-+.-~][!-~]{0,30}$/);
const digits = fc.stringMatching(/^[0-9]{1,21}$/);
const u64 = fc.oneof(
  fc.nat({ max: 5000 }).map(String),
  fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }).map(String),
  fc.constantFrom('18446744073709551615', '18446744073709551616', '999999999', '1000000000', '4294967296', '0007'),
);

/** Values of a field that are right, or nearly. */
const VALUE: Readonly<Record<FieldType, fc.Arbitrary<string>>> = {
  u8: fc.nat({ max: 300 }).map(String),
  u16: fc.nat({ max: 66_000 }).map(String),
  u64,
  seconds: fc.oneof(
    fc.integer({ min: 900_000_000, max: 2_000_000_000 }).map(String),
    fc.constantFrom('4294967295', '4294967296', '1734718982123', '999999999', '99999999999999'),
  ),
  address: fc.oneof({ weight: 3, arbitrary: octets }, ipv6),
  interface: fc.stringMatching(/^eni-[0-9a-f]{1,17}$/),
  action: fc.constantFrom('ACCEPT', 'REJECT'),
  status: fc.oneof({ weight: 9, arbitrary: fc.constant('OK') }, fc.constantFrom('NODATA', 'SKIPDATA')),
  direction: fc.constantFrom('ingress', 'egress'),
  text: fc.oneof(word, fc.constantFrom('unknown', '6.02E+11', '123456789012', 'arn:aws:ecs:us-east-1:1:task/x')),
};

const odd = fc.oneof(
  word,
  digits,
  fc.constantFrom('None', '-1', '1.2.3', '01.2.3.4', '1.2.3.4.5', '256.1.1.1', '1:2', ':::', '1::2::3', 'fe80::1%eth0', 'accept', 'N', '+1'),
);

function token(name: string): fc.Arbitrary<string> {
  const type = FIELDS.find((field) => field.name === name)?.type ?? 'text';
  return fc.oneof(
    { weight: 60, arbitrary: VALUE[type] },
    { weight: 6, arbitrary: fc.constant('-') },
    { weight: 1, arbitrary: odd },
  );
}

const fieldsOfFormat = fc.oneof(
  fc.constant(DEFAULT_NAMES),
  fc.shuffledSubarray(
    FIELDS.filter((field) => field.version !== 6).map((field) => field.name),
    { minLength: 1 },
  ),
  fc
    .shuffledSubarray(FIELDS.filter((field) => ![2, 6].includes(field.version)).map((field) => field.name))
    .map((more) => [...DEFAULT_NAMES, ...more, 'a-new-field']),
);

interface Sample {
  readonly fields: readonly string[];
  readonly lines: readonly string[];
}

const separators = fc.constantFrom(' ', ' ', ' ', ' ', ' ', '  ', '\t', ',');
const prefixes = fc.constantFrom('', '', '', '2024-12-20T18:23:02.000Z', ' ', '2024-12-20');

function lineOf(fields: readonly string[]): fc.Arbitrary<string> {
  const values = fc.tuple(...fields.map(token));
  const shape = fc.record({ separator: separators, prefix: prefixes, tail: fc.constantFrom('', '', '', '\r', ' ', ' x') });
  return fc.tuple(values, shape).map(([tokens, { separator, prefix, tail }]) => {
    const head = prefix === '' || prefix === ' ' ? prefix : `${prefix}${separator}`;
    return `${head}${tokens.join(separator)}${tail}`;
  });
}

const samples: fc.Arbitrary<Sample> = fieldsOfFormat.chain((fields) =>
  fc
    .array(fc.oneof({ weight: 20, arbitrary: lineOf(fields) }, { weight: 1, arbitrary: fc.constantFrom('', '\r', '  ') }), {
      minLength: 1,
      maxLength: 8,
    })
    .map((lines) => ({ fields, lines })),
);

function countsOf(lines: readonly FlowLine[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const line of lines) {
    const key = line.kind === 'malformed' ? line.reason : line.kind;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

describe('decode', () => {
  it('finds the rows, counts and reasons that split and regular expressions find', () => {
    fc.assert(
      fc.property(samples, fc.boolean(), ({ fields, lines }, newlineAtEnd) => {
        const decoded = decodeText(lines.join('\n') + (newlineAtEnd ? '\n' : ''), fields);
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
          blank: counts['blank'] ?? 0,
          nodata: counts['nodata'] ?? 0,
          skipdata: counts['skipdata'] ?? 0,
        });
      }),
      { numRuns: 1500 },
    );
  });

  it('never throws and keeps the ledger law on mutated and random bytes', () => {
    const mutated = fc
      .tuple(samples, fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 12 }))
      .map(([{ fields, lines }, changes]) => {
        const bytes = Buffer.from(`${fields.join(' ')}\n${lines.join('\n')}`, 'latin1');
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        return bytes;
      });
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 3000 })), (bytes) => {
        const { ledger, rows, malformed } = decodeAll(bytes, DEFAULT_NAMES);
        const newlines = bytes.filter((byte) => byte === 10).length;
        expect(ledger.lines).toBe(newlines + (bytes.length > 0 && bytes.at(-1) !== 10 ? 1 : 0));
        expect(ledgerSum(ledger)).toBe(ledger.lines);
        expect(rows.length).toBe(ledger.classified + ledger.notJudged);
        expect(malformed.length).toBe(Object.values(ledger.malformed).reduce((sum, n) => sum + n, 0));
      }),
      { numRuns: 1500 },
    );
  });
});
