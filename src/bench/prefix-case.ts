import { strict as assert } from 'node:assert';
import { basename } from 'node:path';
import { type Effort, type Findings, medians } from './findings.ts';
import { median, takeTurns, timed } from './measure.ts';
import {
  compilePrefixes,
  lookUpPrefixes4,
  lookUpPrefixes6,
  type PrefixColumns,
  type PrefixTable,
} from './prefix-table.ts';
import { Random } from './random.ts';

const SEED = 5;
const COMPILE_RUNS = 3;
/** Addresses checked against a search by length. */
const CHECKED = 20_000;

/** Longest-prefix match over a file of prefixes, such as the internet's: compile time and look-ups a second. */
export function measurePrefixes(
  path: string,
  families: { readonly v4: PrefixColumns; readonly v6: PrefixColumns },
  effort: Effort,
): Findings {
  const facts: Record<string, number | string> = {};
  const runners = [families.v4, families.v6].flatMap((prefixes) => {
    if (prefixes.count === 0) return [];
    const runs = Array.from({ length: effort.rounds > 1 ? COMPILE_RUNS : 1 }, () =>
      timed(() => compilePrefixes(prefixes)),
    );
    const table = runs.at(-1)?.value ?? compilePrefixes(prefixes);
    const suffix = `v${prefixes.family}`;
    facts[`prefixes${suffix}`] = prefixes.count;
    facts[`${suffix}Bytes`] = table.bytes;
    facts[`compile${suffix}Ms`] = median(runs.map(({ ms }) => ms));
    const addresses = drawAddresses(prefixes, effort.packets, SEED);
    const out = new Int32Array(effort.packets);
    const run = (): void => lookUp(table, addresses, out);
    run();
    facts[`verified${suffix}`] = verifyLongest(prefixes, addresses, out, Math.min(effort.packets, CHECKED));
    return [{ name: `longest prefix, IPv${prefixes.family}`, count: effort.packets, run }];
  });
  const rates = takeTurns(runners, effort.rounds);
  const total = families.v4.count + families.v6.count;
  return {
    title: `${basename(path)}: longest-prefix match, ${total.toLocaleString('en-US')} prefixes`,
    facts,
    rates: medians(rates),
    ratios: [],
  };
}

function lookUp(table: PrefixTable, addresses: Uint32Array, out: Int32Array): void {
  if (table.family === 4) lookUpPrefixes4(table, addresses, out);
  else lookUpPrefixes6(table, addresses, out);
}

/** Nine in ten addresses lie inside a random prefix, the others anywhere; 1 or 4 words each. */
export function drawAddresses(
  { family, count, words, lengths }: PrefixColumns,
  packets: number,
  seed: number,
): Uint32Array {
  const random = new Random(seed);
  const width = family === 4 ? 1 : 4;
  const addresses = new Uint32Array(packets * width);
  for (let i = 0; i < packets; i++) {
    const index = random.below(count);
    const length = random.next() < 0.9 ? (lengths[index] ?? 0) : 0;
    for (let w = 0; w < width; w++) {
      const host = random.below(2 ** 32);
      const bits = Math.min(32, Math.max(0, length - 32 * w));
      const hostMask = bits === 32 ? 0 : 0xffff_ffff >>> bits;
      addresses[i * width + w] = (((words[index * width + w] ?? 0) & ~hostMask) | (host & hostMask)) >>> 0;
    }
  }
  return addresses;
}

/** Throws unless `out` holds, + 1, the first of the longest prefixes around each address: one map a length. */
function verifyLongest(prefixes: PrefixColumns, addresses: Uint32Array, out: Int32Array, checked: number): number {
  const { family, count, words, lengths } = prefixes;
  const width = family === 4 ? 1 : 4;
  const byLength = new Map<number, Map<string, number>>();
  const keyOf = (from: Uint32Array, at: number, length: number): string => {
    let key = '';
    for (let w = 0; w < width; w++) {
      const bits = Math.min(32, Math.max(0, length - 32 * w));
      key += ` ${bits === 0 ? 0 : Math.floor((from[at * width + w] ?? 0) / 2 ** (32 - bits))}`;
    }
    return key;
  };
  for (let index = 0; index < count; index++) {
    const length = lengths[index] ?? 0;
    const map = byLength.get(length) ?? new Map<string, number>();
    byLength.set(length, map);
    const key = keyOf(words, index, length);
    if (!map.has(key)) map.set(key, index + 1);
  }
  const order = [...byLength].sort((a, b) => b[0] - a[0]);
  for (let i = 0; i < checked; i++) {
    const hit = order.find(([length, map]) => map.has(keyOf(addresses, i, length)));
    const expected = hit === undefined ? 0 : (hit[1].get(keyOf(addresses, i, hit[0])) ?? 0);
    assert.equal(out[i], expected, `address ${i}: wrong prefix`);
  }
  return checked;
}
