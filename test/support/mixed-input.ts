import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { OracleRecord } from '../oracle/oracle.ts';
import { Dice } from './dice.ts';
import { logOf } from './engine-rows.ts';
import { randomRecord } from './random-records.ts';
import { type RandomWorld, randomWorld } from './random-world.ts';

const V2 = [
  ...['version', 'account-id', 'interface-id', 'srcaddr', 'dstaddr', 'srcport', 'dstport', 'protocol', 'packets'],
  ...['bytes', 'start', 'end', 'action', 'log-status'],
];
const V5 = [...V2, 'tcp-flags', 'pkt-srcaddr', 'pkt-dstaddr', 'flow-direction'];
/** A word that no version knows, and another order. */
const OTHER = ['flow-direction', ...V2, 'vpc-id', 'made-up-word'];

/** Changes to a record that make its line end in another counter of the ledger than `classified`. */
const ODD: readonly OracleRecord[] = [
  { 'log-status': 'NODATA', action: '-', srcaddr: '-', dstaddr: '-' },
  { 'log-status': 'SKIPDATA', action: '-', srcaddr: '-', dstaddr: '-' },
  { dstaddr: '10.0.1.300' },
  { dstport: '65536' },
  { protocol: '256' },
  { packets: 'x' },
  { action: 'MAYBE' },
  { 'log-status': 'FINE' },
  { 'log-status': 'OK OK' },
];
const ODD_LINES = ['', '2 111122223333 eni-0 10.0.1.5', 'not a record at all: \u0000\u0001\u00ff'];

export interface MixedInput {
  readonly world: RandomWorld;
  /** Folder of the inventory documents. */
  readonly inventory: string;
  readonly logs: string;
  /** Text lines over all files. */
  readonly lines: number;
}

/** Writes the documents of a world as an inventory folder. */
function writeInventory(world: RandomWorld, folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const { file, content } of world.documents)
    writeFileSync(join(folder, file), typeof content === 'string' ? content : JSON.stringify(content));
}

/** `count` lines of a format, without the header; one in a hundred is odd. */
function body(dice: Dice, world: RandomWorld, fields: readonly string[], count: number): string {
  const lines: string[] = [];
  for (let i = 0; i < count; i++) {
    const record = randomRecord(dice, world);
    const odd = dice.below(100) > 0 ? null : dice.pick([...ODD, ...ODD_LINES]);
    const line = typeof odd === 'string' ? odd : (logOf(fields, [{ ...record, ...odd }]).split('\n')[1] ?? '');
    lines.push(line);
  }
  return `${lines.join('\n')}\n`;
}

/** The same lines over and over until the text has `bytes` bytes: drawing each would take longer than reading all. */
function filled(text: string, bytes: number): string {
  return text.repeat(Math.ceil(bytes / Buffer.byteLength(text)));
}

/**
 * A folder with a small gzip, a plain file of several byte ranges whose header is repeated and changed far inside, and
 * a file without header that ends without a newline.
 */
export function writeMixedInput(folder: string, seed: number, rangeBytes: number): MixedInput {
  const dice = new Dice(seed);
  const world = randomWorld(dice, new Set());
  const inventory = join(folder, 'inventory');
  const logs = join(folder, 'logs');
  mkdirSync(join(logs, 'deep'), { recursive: true });
  writeInventory(world, inventory);
  const header = (fields: readonly string[]): string => `${fields.join(' ')}\n`;
  const v5 = header(V5) + body(dice, world, V5, 4000);
  const large = [
    header(V5) + filled(body(dice, world, V5, 3000), rangeBytes * 1.2),
    // repeated inside the second range, then another format, then the first again in the third
    header(V5) + body(dice, world, V5, 2000),
    header(OTHER) + filled(body(dice, world, OTHER, 2000), rangeBytes * 0.9),
    header(V2) + body(dice, world, V2, 500),
  ].join('');
  const bare = body(dice, world, V2, 2000).trimEnd();
  const members = Buffer.concat([gzipSync(v5), gzipSync(body(dice, world, V5, 100))]);
  writeFileSync(join(logs, 'a.log.gz'), members);
  writeFileSync(join(logs, 'b.log'), large);
  writeFileSync(join(logs, 'deep', 'c.txt'), bare);
  const linesOf = (text: string): number => text.split('\n').length - 1;
  return { world, inventory, logs, lines: linesOf(v5) + 100 + linesOf(large) + linesOf(bare) + 1 };
}
