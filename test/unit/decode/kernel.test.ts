import { describe, expect, it } from 'vitest';
import { DEFAULT, formatOf } from '../../../src/decode/format.ts';
import { INTERFACES_KEPT, SLOT_BYTES, SLOTS_FIRST } from '../../../src/decode/interface-slots.ts';
import { DecodeKernel } from '../../../src/decode/kernel.ts';
import { FlowDecoder } from '../../../src/decode/text.ts';
import { type KernelBlock, KernelHeap } from '../../../src/model/kernel-heap.ts';
import { LINE_BYTES_MAX } from '../../../src/model/ledger.ts';
import { decodeText } from '../../support/flow-rows.ts';

const NAMES = DEFAULT.names;

/** The record with some fields replaced. */
function record(values: Readonly<Record<string, string>> = {}): string {
  const text = '2 123456789012 eni-0a 10.0.1.5 10.0.2.9 49152 443 6 10 840 1700000000 1700000060 ACCEPT OK';
  const fields = text.split(' ');
  return NAMES.map((name, i) => values[name] ?? fields[i]).join(' ');
}

it('keeps more interface ids apart than its table holds, and longer ones than it compares', () => {
  const ids = Array.from({ length: 20_000 }, (_, i) => `eni-${'0'.repeat(i % 40)}${i.toString(16)}`);
  // twice: ids that the table knows, and ids that it has no room for
  const lines = [...ids, ...ids].map((id) => record({ 'interface-id': id }));
  const { rows } = decodeText(`${lines.join('\n')}\n`, NAMES, 4096);
  expect(rows.map((row) => row['interface-id'])).toEqual([...ids, ...ids]);
});

it('takes times of 15 digits, as the general way does, and none of 16', () => {
  // whichever way a line goes
  const times = ['1600000000', '000001600000000', '0000001600000000', '1600000001'];
  for (const name of ['start', 'end']) {
    const lines = [...times, ...times].map((time) => record({ [name]: time }));
    const { rows, ledger } = decodeText(`${record()}\n${lines.join('\n')}\n`, NAMES, 4096);
    const taken = [1_600_000_000, 1_600_000_000, 1_600_000_001];
    expect(rows.slice(1).map((row) => row[name])).toEqual([...taken, ...taken]);
    expect(ledger.lines).toBe(1 + lines.length);
  }
});

it('keeps the codes of interfaces from input to input, until there are too many', () => {
  const kernel = new DecodeKernel();
  const text = (first: number, count: number): Uint8Array => {
    const ids = Array.from({ length: count }, (_, i) => `eni-${first + i}`);
    return Buffer.from(ids.map((id) => `${record({ 'interface-id': id })}\n`).join(''));
  };
  /** Codes that an input's records got, and the ids that the dictionary says they stand for. */
  const decodeAll = (bytes: Uint8Array): { codes: number[]; names: string[] } => {
    const decoder = new FlowDecoder({ format: DEFAULT, carry: false, kernel });
    const codes: number[] = [];
    for (let at = 0; at < bytes.length; decoder.clear()) {
      at = decoder.decode(bytes, at, bytes.length);
      codes.push(...decoder.batch.interfaceId.subarray(0, decoder.batch.rows));
    }
    return { codes, names: codes.map((code) => decoder.interfaces.name(code)) };
  };
  const range = (first: number, count: number): number[] => Array.from({ length: count }, (_, i) => first + i);
  const idsOf = (first: number, count: number): string[] => range(first, count).map((i) => `eni-${i}`);
  expect(decodeAll(text(0, 5000)).codes).toEqual(range(0, 5000));
  expect(decodeAll(text(2500, 5000))).toEqual({ codes: range(2500, 5000), names: idsOf(2500, 5000) });
  const many = INTERFACES_KEPT + 1;
  expect(decodeAll(text(0, many))).toEqual({ codes: range(0, many), names: idsOf(0, many) });
  expect(decodeAll(text(100, 5000))).toEqual({ codes: range(0, 5000), names: idsOf(100, 5000) });
});

describe('interface ids as long as lines', () => {
  const long = (i: number): string => record({ 'interface-id': `${i}-${'x'.repeat(60_000)}` });

  it('fill no dictionary for the inputs that follow', () => {
    const kernel = new DecodeKernel();
    for (let input = 0; input < 12; input++) {
      const decoder = new FlowDecoder({ format: DEFAULT, carry: false, kernel });
      const lines = Array.from({ length: 100 }, (_, i) => long(input * 100 + i));
      const bytes = Buffer.from(`${lines.join('\n')}\n`);
      for (let at = 0; at < bytes.length; decoder.clear()) at = decoder.decode(bytes, at, bytes.length);
      expect(decoder.ledger.lines).toBe(100);
    }
  });

  it('end an input that has too many, and every line before counts', () => {
    const decoder = new FlowDecoder({ format: DEFAULT, carry: false });
    let rows = 0;
    const decodeAll = (bytes: Uint8Array): void => {
      for (let at = 0; at < bytes.length; decoder.clear()) {
        at = decoder.decode(bytes, at, bytes.length);
        rows += decoder.batch.rows;
      }
    };
    const decode = (): void => {
      for (let i = 0; ; i += 3) decodeAll(Buffer.from(`${record()}\n${long(i)}\n${long(i + 1)}\n${long(i + 2)}\n`));
    };
    expect(decode).toThrow('interface ids');
    expect(decoder.ledger.lines).toBe(rows + decoder.batch.rows);
  });
});

it('tells the kernel of an id once, however often a window has it', () => {
  const heap = new KernelHeap();
  const taken: KernelBlock[] = [];
  const take = heap.take.bind(heap);
  heap.take = (bytes) => {
    const block = take(bytes);
    taken.push(block);
    return block;
  };
  const kernel = new DecodeKernel(512, heap);
  const decoder = new FlowDecoder({ format: DEFAULT, carry: false, kernel });
  const bytes = Buffer.from(`${Array.from({ length: 300 }, () => record()).join('\n')}\n`);
  decoder.decode(bytes, 0, bytes.length);
  const id = Buffer.from('eni-0a');
  const slots = taken.find(({ bytes: size }) => size === SLOTS_FIRST * SLOT_BYTES);
  const table = Buffer.from(slots?.buffer ?? new ArrayBuffer(0), slots?.at, slots?.bytes);
  let found = 0;
  for (let at = table.indexOf(id); at >= 0; at = table.indexOf(id, at + 1)) found++;
  expect(found).toBe(1);
});

it('an id that is the beginning of another is another id', () => {
  const ids = ['eni-1', 'eni-10', 'eni-1', `${'e'.repeat(32)}`, `${'e'.repeat(33)}`, 'e', 'eni-10'];
  const { rows } = decodeText(`${ids.map((id) => record({ 'interface-id': id })).join('\n')}\n`, NAMES, 64);
  expect(rows.map((row) => row['interface-id'])).toEqual(ids);
});

it('stops in front of an address that is none, wherever it stands', () => {
  const lines = Array.from({ length: 300 }, (_, i) => record({ srcport: String(i) }));
  lines[100] = record({ srcaddr: '2001:db8::1', srcport: '100' });
  lines[200] = record({ dstaddr: '2001:db8::g' });
  lines[250] = record({ 'log-status': 'NODATA', srcaddr: '2001:db8::g' });
  lines[260] = record({ 'log-status': 'NODATA', srcaddr: '2001:db8::1' });
  const { rows, ledger, malformed } = decodeText(`${lines.join('\n')}\n`, NAMES, 4096);
  expect(rows.map((row) => row.srcport)).toEqual([...lines.keys()].filter((i) => i !== 200 && i !== 250 && i !== 260));
  expect(rows[100]?.srcaddr).toBe('2001:db8::1');
  expect(malformed.map((text) => text.split(' ').slice(0, 2))).toEqual([['201:', 'address:']]);
  expect(ledger).toMatchObject({ lines: 300, nodata: 2 });
});

it('refuses a line longer than any record, also one of the right shape', () => {
  const long = record({ 'account-id': '1'.repeat(LINE_BYTES_MAX) });
  const { rows, ledger } = decodeText(`${[record(), long, record()].join('\n')}\n`, NAMES, 64);
  expect(rows.length).toBe(2);
  expect(ledger.malformed).toEqual({ 'line-too-long': 1 });
});

it('reads addresses as the general way does: no leading zeros, four octets of at most 255', () => {
  const wrong = [
    '01.2.3.4',
    '1.2.3.256',
    '1.2.3.4.',
    '1..3.4',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.4a',
    '999.1.1.1',
    '1.2.3.00',
  ];
  const right = ['0.0.0.0', '255.255.255.255', '1.22.133.4', '10.0.0.1', '100.64.0.9'];
  const lines = [...right, ...wrong, ...right].map((srcaddr) => record({ srcaddr }));
  const { rows, ledger } = decodeText(`${lines.join('\n')}\n`, NAMES, 64);
  expect(rows.map((row) => row.srcaddr)).toEqual([...right, ...right]);
  expect(ledger.malformed).toEqual({ address: wrong.length });
});

it('carries more unknown fields than the kernel notes', () => {
  const names = [...NAMES, ...Array.from({ length: 100 }, (_, i) => `x-${i}`)];
  const values = Array.from({ length: 100 }, (_, i) => `v${i}`);
  const { rows } = decodeText(`${record()} ${values.join(' ')}\n`, formatOf(names).names, 64);
  expect(rows[0]).toMatchObject({ 'x-0': 'v0', 'x-99': 'v99', srcaddr: '10.0.1.5' });
});
