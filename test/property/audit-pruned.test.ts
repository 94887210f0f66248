import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AuditLine } from '../../src/inventory/audit-line.ts';
import { audit } from '../support/history.ts';

const SEED = Number(process.env.FLOWTRIE_SEED ?? 20_260_115);
const RUNS = 50 * Number(process.env.FLOWTRIE_HISTORIES ?? 60);
const settings = { seed: SEED, numRuns: RUNS, endOnFailure: true };

const line = new AuditLine();

/**
 * Text that is to be JSON, and what is read of it; null = the whole line has to be parsed. A request that is cut out is
 * looked at by nobody, neither is a line that is passed over.
 */
function prunedOf(bytes: Buffer): { readonly told: string; readonly pruned: string | null } {
  // what the line before left in memory is no part of this one
  line.judge(Buffer.alloc(4096, '}"]'), 0, 4096);
  const verdict = line.judge(bytes, 0, bytes.length);
  if (verdict === 'skip') return { told: '{}', pruned: '{}' };
  const { requestFrom, requestTo } = line;
  const told =
    verdict === 'cut'
      ? `${bytes.toString('utf8', 0, requestFrom)}0${bytes.toString('utf8', requestTo)}`
      : bytes.toString();
  return { told, pruned: line.gathered() };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Tokens of JSON, some of them wrong; vectors begin and end anywhere among them. */
const TOKENS = [
  ...['{', '}', '[', ']', ',', ':', ' ', '\t', '\r'],
  ...['""', '"a"', '"pods"', '"é漢"', '"sixteen bytes, 1"', `"${'long '.repeat(20)}"`, '"\\"\\\\\\/\\b\\f\\n\\r\\t"'],
  ...['"\\u00e9\\uD83D"', '"\\x"', '"\\u00g0"', '"\\u00"', '"\u0001"', '"\t"', '"\u007f"', '"', '\\', "'a'"],
  ...['0', '-0', '01', '12.5', '1.', '.5', '1e9', '1E+09', '1e', '1e-', '-', '+1', '1a', 'NaN', '0x1'],
  ...['true', 'false', 'null', 'tru', 'True', 'nulll', '\v', '\u00a0', 'é', '\u0000'],
];
const confused = fc.array(fc.constantFrom(...TOKENS), { maxLength: 12 }).map((tokens) => tokens.join(''));

/** Values that are right, with blanks, some of their tokens replaced by others. */
const value: fc.Arbitrary<string> = fc
  .tuple(fc.jsonValue({ maxDepth: 4 }), fc.constantFrom(undefined, 1, '\t'), fc.nat(), fc.constantFrom(...TOKENS))
  .map(([json, space, place, token]) => {
    const text = JSON.stringify(json, null, space).replaceAll('\n', ' ');
    return place % 3 === 0 ? text : text.slice(0, place % text.length) + token + text.slice((place % text.length) + 1);
  });

test(`a value that nobody reads is refused where JSON.parse refuses it (seed ${SEED})`, { timeout: 600_000 }, () => {
  let accepted = 0;
  const check = (text: string): void => {
    const event = { ...audit.create(1, { uid: 'u1', name: 'web-1' }), padding: 0 };
    const whole = JSON.stringify(event).replace('"padding":0', `"padding":${text}`);
    expect(prunedOf(Buffer.from(whole)).pruned !== null).toBe(isJson(whole));
    if (isJson(whole)) accepted++;
  };
  fc.assert(fc.property(fc.oneof(confused, value), check), settings);
  expect(accepted).toBeGreaterThan(RUNS / 20);
});

test('a value that is partly read is refused where JSON.parse refuses it', { timeout: 600_000 }, () => {
  const check = (text: string, member: string): void => {
    const event = { ...audit.create(1, { uid: 'u1', name: 'web-1' }), [member]: 0 };
    const whole = JSON.stringify(event).replace(`"${member}":0`, `"${member}":${text}`);
    const { told, pruned } = prunedOf(Buffer.from(whole));
    if (pruned !== null) expect([isJson(told), isJson(pruned)]).toEqual([true, true]);
  };
  const members = fc.constantFrom('user', 'requestObject', 'responseObject', 'stage', 'annotations');
  fc.assert(fc.property(fc.oneof(confused, value), members, check), settings);
});

test('a damaged byte: refused where JSON.parse refuses the line', { timeout: 600_000 }, () => {
  const pod = { uid: 'u1', name: 'web-1' };
  const events = [audit.create(1, pod), audit.running(2, pod, '10.0.1.11'), audit.delete(3, pod), audit.finish(4, pod)];
  const check = (which: number, place: number, byte: number): void => {
    const bytes = Buffer.from(JSON.stringify(events[which]));
    bytes[place % bytes.length] = byte === 10 ? 0 : byte;
    const { told, pruned } = prunedOf(bytes);
    if (pruned !== null) expect([isJson(told), isJson(pruned)]).toEqual([true, true]);
  };
  fc.assert(fc.property(fc.nat(3), fc.nat(), fc.nat(255), check), settings);
});

test('nesting: as deep as a parser follows, or left to it', () => {
  const event = JSON.stringify({ ...audit.delete(1, { uid: 'u1', name: 'web-1' }), x: 0 });
  for (const depth of [10, 90, 98, 99, 100, 101, 102, 500, 20_000]) {
    for (const nested of ['['.repeat(depth) + ']'.repeat(depth), `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`]) {
      const whole = event.replace('"x":0', `"x":${nested}`);
      expect(prunedOf(Buffer.from(whole)).pruned === null).toBe(depth > 99);
    }
  }
});
