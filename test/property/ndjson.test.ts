import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Present, V6_WORDS } from '../../src/model/flow.ts';
import { Attribution, Effective, IMPLICIT_DENY, Kind, NO_RULE, NO_SERVICE } from '../../src/model/verdict.ts';
import { ndjsonEncoder } from '../../src/sink/ndjson.ts';
import type { Encoded } from '../../src/sink/part.ts';
import type { RowContext } from '../../src/sink/rows.ts';
import { ndjsonOf } from '../oracle/ndjson.ts';
import { Dice } from '../support/dice.ts';
import { carry, emptyRows, fillRow, type Rows, sampleContext } from '../unit/sink/sample.ts';
import { joined } from '../unit/sink/written.ts';

const FIELDS = ['vpc-id', 'traffic-path', 'packets-lost-no-route', 'tcp-flags', 'pkt-srcaddr', 'flow-direction', 'own'];
const ADDRESS_BITS = [
  [Present.srcAddr, Present.srcAddrV6, V6_WORDS.srcAddr],
  [Present.dstAddr, Present.dstAddrV6, V6_WORDS.dstAddr],
  [Present.pktSrcAddr, Present.pktSrcAddrV6, V6_WORDS.pktSrcAddr],
  [Present.pktDstAddr, Present.pktDstAddrV6, V6_WORDS.pktDstAddr],
] as const;
/** Edges of every number of digits. */
const NUMBERS = [0n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 64n - 1n, 10n ** 9n, 10n ** 18n, 10n ** 19n].flatMap((n) => [
  n,
  n + 1n,
  n - 1n,
]);

function number(dice: Dice): bigint {
  const edge = NUMBERS.filter((n) => n >= 0n && n < 2n ** 64n);
  if (dice.below(2) === 0) return dice.pick(edge);
  const value = (BigInt(dice.below(2 ** 31)) << 33n) | BigInt(dice.below(2 ** 31));
  return value >> BigInt(dice.below(65));
}

/** A word of an IPv6: zeros are frequent, so that runs of them are. */
const word = (dice: Dice): number => dice.pick([0, 0, 1, 0x10000, 0xff, 0xabcd, dice.below(2 ** 32)]);

function fillAtRandom(rows: Rows, row: number, dice: Dice): void {
  fillRow(rows, row);
  const { flow, verdicts: v } = rows;
  let present = dice.below(2) === 0 ? (flow.present[row] ?? 0) : 0;
  for (const bit of [Present.tcpFlags, Present.flowDirection, Present.bytes, Present.interfaceId, Present.action]) {
    if (dice.below(2) === 0) present |= bit;
  }
  for (const [bit, v6Bit, at] of ADDRESS_BITS) {
    const kind = dice.below(4);
    if (kind > 0) present |= bit;
    if (kind === 3) present |= v6Bit;
    for (let i = 0; i < 4; i++) flow.v6[row * V6_WORDS.perRow + at + i] = word(dice);
  }
  flow.present[row] = present;
  for (const column of [flow.srcAddr, flow.dstAddr, flow.pktSrcAddr, flow.pktDstAddr, v.pairedAddress]) {
    column[row] = dice.below(2 ** 32) >>> dice.below(32);
  }
  for (const column of [flow.packets, flow.bytes]) {
    const value = number(dice);
    column.set([Number(value & 0xffff_ffffn), Number(value >> 32n)], 2 * row);
  }
  for (const column of [flow.start, flow.end]) column[row] = Number(number(dice) & 0xffff_ffffn);
  flow.srcPort[row] = dice.below(65_536) >> dice.below(16);
  flow.protocol[row] = dice.below(256);
  flow.interfaceId[row] = dice.below(4);
  v.version[row] = dice.below(2);
  v.agreeing[row] = dice.below(3);
  const places = [Effective.none, Effective.record, Effective.packet, Effective.paired];
  v.srcEffective[row] = dice.pick(places);
  v.dstEffective[row] = dice.pick(places);
  const owners = v.version[row] === 0 ? 2 : 1;
  v.srcKind[row] = Kind.pod;
  v.srcOwner[row] = dice.below(owners + 1) - 1;
  v.dstKind[row] = v.version[row] === 0 ? dice.pick([Kind.pod, Kind.node, Kind.external]) : Kind.pod;
  v.dstOwner[row] = dice.below(owners + 1) - 1;
  v.srcService[row] = dice.pick([NO_SERVICE, 0]);
  v.srcAttribution[row] = dice.pick([Attribution.exact, Attribution.candidates]);
  for (const rule of [v.sgRule, v.naclRule, v.decidedBy]) rule[row] = dice.pick([NO_RULE, IMPLICIT_DENY, 0]);
}

function batch(dice: Dice): Rows {
  const count = 1 + dice.below(40);
  const rows = emptyRows(count);
  for (let row = 0; row < count; row++) fillAtRandom(rows, row, dice);
  rows.flow.rows = count;
  rows.flow.judged = dice.below(4) > 0;
  // no version is asked to explain a record that is never judged
  if (!rows.flow.judged) rows.verdicts.agreeing.fill(0);
  const texts = ['', 'x', '007', '255', '256', '18446744073709551615', 'a"b\\c\u0001', 'zürich', 'long '.repeat(60)];
  const values = (): (string | Uint8Array)[] =>
    Array.from({ length: count }, () => (dice.below(9) === 0 ? Uint8Array.of(0x61, 0xff, 0xc3) : dice.pick(texts)));
  const names = dice.shuffle(['vpc-id', 'traffic-path', 'packets-lost-no-route', 'own', 'late']).slice(dice.below(5));
  carry(rows.flow, Object.fromEntries(names.map((name) => [name, values()])));
  return rows;
}

function contextOf(dice: Dice): RowContext {
  const context = sampleContext(dice.shuffle(FIELDS).slice(dice.below(FIELDS.length)));
  if (dice.below(2) === 0) return context;
  return { ...context, columns: dice.shuffle(context.columns).slice(dice.below(context.columns.length - 1)) };
}

test('rows are what every cell says, batch after batch, task after task', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const dice = new Dice(seed);
      const context = contextOf(dice);
      const encoder = ndjsonEncoder(context);
      for (let i = 0; i < 4; i++) {
        if (dice.below(3) === 0) encoder.begin?.();
        const { flow, verdicts } = batch(dice);
        const text = joined(encoder.encode(flow, verdicts) as Encoded).toString('utf8');
        expect(text).toBe(ndjsonOf(context, flow, verdicts));
      }
      encoder.release?.();
    }),
    { numRuns: 300 },
  );
});

test('a value longer than a piece, and more distinct values than are kept', () => {
  const context = sampleContext(['own']);
  const encoder = ndjsonEncoder(context);
  for (const length of [1, 300_000, 3, 1_000_000, 7]) {
    const rows = emptyRows(4);
    for (let row = 0; row < 4; row++) fillRow(rows, row);
    rows.flow.rows = 4;
    carry(rows.flow, { own: Array.from({ length: 4 }, (_, row) => `${row}`.repeat(length)) });
    const text = joined(encoder.encode(rows.flow, rows.verdicts) as Encoded).toString('utf8');
    expect(text).toBe(ndjsonOf(context, rows.flow, rows.verdicts));
  }
});
