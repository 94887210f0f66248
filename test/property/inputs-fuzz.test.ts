import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { FlowtrieError } from '../../src/model/errors.ts';
import { DEFAULT_FORMAT, FIELDS } from '../../src/model/flow.ts';
import { Dice } from '../support/dice.ts';
import { type Replayed, replayInputs } from '../support/replay-files.ts';

/** Mutated lines of each form; FLOWTRIE_FUZZ_LINES sets a longer run (see test:nightly). */
const LINES = Number(process.env.FLOWTRIE_FUZZ_LINES ?? 4000);
const LINES_OF_FILE = 4000;
/** Damaged files of each form. */
const FILES = Math.ceil(LINES / 400);
const folder = mkdtempSync(join(tmpdir(), 'flowtrie-fuzz-'));
const path = join(folder, 'input');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Form = (record: readonly string[], i: number) => string;

const V5 = [...DEFAULT_FORMAT, 'tcp-flags', 'pkt-srcaddr', 'pkt-dstaddr', 'flow-direction', 'made-up'];
const subscription = (messages: readonly string[]): string =>
  JSON.stringify({ messageType: 'DATA_MESSAGE', logEvents: messages.map((message, id) => ({ id: `${id}`, message })) });

/** How records are written, by name. */
const FORMS: Readonly<Record<string, Form>> = {
  'default lines': (record) => record.slice(0, 14).join(' '),
  'lines with headers': (record, i) => (i % 100 === 0 ? `${V5.join(' ')}\n` : '') + record.join(' '),
  'lines of an export': (record) => `2023-11-14T22:13:20.000Z ${record.slice(0, 14).join(' ')}`,
  'comma-separated': (record, i) => (i === 0 ? `${V5.join(',')}\n` : '') + record.join(','),
  'quoted CSV': (record, i) =>
    [...(i === 0 ? [V5] : []), record].map((row) => row.map((value) => `"${value}"`).join(',')).join('\n'),
  messages: (record) => JSON.stringify({ message: record.slice(0, 14).join(' ') }),
  objects: (record) => JSON.stringify(Object.fromEntries(V5.map((name, f) => [name, record[f]]))),
  subscriptions: (record) => subscription([record.slice(0, 14).join(' '), '-']),
  'packed messages': (record) =>
    JSON.stringify({
      awslogs: { data: gzipSync(subscription([record.slice(0, 14).join(' ')])).toString('base64') },
    }),
};

function recordOf(dice: Dice): string[] {
  const address = (): string => dice.pick(['10.0.0.1', '192.0.2.200', '2001:db8::1', '-', '::ffff:1.2.3.4']);
  const number = (most: number): string => String(dice.below(most));
  return [
    ...['5', '123456789012', `eni-${dice.below(40)}`, address(), address(), number(65_536), number(65_536)],
    ...[number(256), number(1e9), number(1e9), '1700000000', '1700000060', dice.pick(['ACCEPT', 'REJECT', '-'])],
    ...[dice.pick(['OK', 'OK', 'NODATA', 'SKIPDATA']), number(256), address(), address(), 'ingress', 'x'],
  ];
}

/** Words that stand at the edges of what a reader expects. */
const WORDS = [
  ...['-', '"', ',', ';', '\t', '\r', '\n', '\0', '\uFEFF', '{', '}', '[', ']', '\\', '\\u0000', 'null', 'None'],
  ...['18446744073709551616', '-1', '1e400', '65536', '256', '::', '1::2::3', '256.0.0.1', 'é', '€', '𝄞'],
  ...['version', 'srcaddr dstaddr', '{"message":', 'H4sIAAAA', ' '.repeat(70), 'a'.repeat(300)],
  ...FIELDS.slice(0, 4).map(({ name }) => name),
];

/** The line with a few bytes changed, dropped, doubled, or a word put in. */
function mutated(dice: Dice, line: string): Buffer {
  let bytes = Buffer.from(line);
  for (let n = 1 + dice.below(3); n > 0 && bytes.length > 0; n--) {
    const at = dice.below(bytes.length);
    const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)];
    const kind = dice.below(6);
    if (kind === 0) bytes[at] = dice.below(256);
    else if (kind === 1) bytes[at] = (bytes[at] ?? 0) ^ (1 << dice.below(8));
    else if (kind === 2) bytes = Buffer.concat([head, tail.subarray(1 + dice.below(8))]);
    else if (kind === 3) bytes = Buffer.concat([head, Buffer.from(dice.pick(WORDS)), tail]);
    else if (kind === 4) bytes = Buffer.concat([head, tail.subarray(0, dice.below(20)), tail]);
    else bytes = Buffer.from(head);
  }
  return bytes;
}

/** Replays these bytes (replayInputs checks the ledger law); null = refused by name, as a whole. */
async function replayed(bytes: Uint8Array, wantsRows: boolean): Promise<Replayed | null> {
  writeFileSync(path, bytes);
  try {
    return await replayInputs([path], null, wantsRows);
  } catch (error) {
    if (!(error instanceof FlowtrieError)) throw error;
    expect(error.message).toContain(path);
    return null;
  }
}

const newlinesOf = (bytes: Uint8Array): number => bytes.reduce((sum, byte) => sum + (byte === 10 ? 1 : 0), 0);

describe.each(Object.entries(FORMS))('%s', (name, form) => {
  const texts = (dice: Dice, count: number): string[] =>
    Array.from({ length: count }, (_, i) => form(recordOf(dice), i));

  it('mutated: no crash, no line lost', { timeout: 900_000 }, async () => {
    const dice = new Dice(name.length);
    for (let done = 0; done < LINES; done += LINES_OF_FILE) {
      const lines = texts(dice, LINES_OF_FILE).map((line) =>
        dice.below(4) > 0 ? mutated(dice, line) : Buffer.from(line),
      );
      const bytes = Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')]));
      const result = await replayed(bytes, done % (2 * LINES_OF_FILE) === 0);
      expect(result?.failures).toEqual([]);
      // a document may span lines, and a message hold several: only of text is the count known
      const known = !/message|objects|subscr/.test(name) && !bytes.subarray(0, 100).includes('{');
      if (known) expect(result?.ledger.lines).toBe(newlinesOf(bytes));
      expect(result?.ledger.lines).toBeGreaterThan(LINES_OF_FILE / 50);
    }
  });

  it('compressed and damaged: what was read before counts, the rest is told', { timeout: 900_000 }, async () => {
    const dice = new Dice(name.length + 100);
    const packed = gzipSync(Buffer.from(`${texts(dice, 400).join('\n')}\n`));
    const whole = await replayed(packed, false);
    expect(whole?.failures).toEqual([]);
    let damagedFiles = 0;
    for (let file = 0; file < FILES; file++) {
      const cut = file % 2 === 0;
      const damaged = cut ? packed.subarray(0, 3 + dice.below(packed.length - 3)) : Buffer.from(packed);
      for (let n = cut ? 0 : 1 + dice.below(3); n > 0; n--) {
        const at = dice.below(damaged.length);
        damaged[at] = (damaged[at] ?? 0) ^ (1 << dice.below(8));
      }
      const result = await replayed(damaged, false);
      if (result === null || result.failures.length > 0) damagedFiles++;
      for (const failure of result?.failures ?? []) expect(failure).toMatch(/damaged (gzip|zstd)/);
    }
    expect(damagedFiles).toBeGreaterThan(FILES / 2);
  });
});
