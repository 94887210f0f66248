import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { KernelHeap } from '../../../src/model/kernel-heap.ts';
import { ADDRESSES_WORDS, AddressIds, FIELD_WORDS } from '../../../src/sink/address-ids.ts';
import { BYTE_IDS_WORDS, ByteIds } from '../../../src/sink/byte-ids.ts';
import { ChunkDictionary, DICTIONARY_WORDS, IdValues } from '../../../src/sink/chunk-dictionary.ts';
import { ColumnMemory } from '../../../src/sink/column-memory.ts';
import { JSON_COLUMN_WORDS, JSON_KINDS } from '../../../src/sink/json-place.ts';
import { JSON_ROWS_WORDS } from '../../../src/sink/ndjson.ts';
import { Dice } from '../../support/dice.ts';
import { emptyRows, fillRow } from './sample.ts';

/** Names of the fields of a class of the kernel, in their order. */
function fieldsOf(file: string, name: string): readonly string[] {
  const path = fileURLToPath(new URL(`../../../src/kernel/columns/${file}`, import.meta.url));
  const body = readFileSync(path, 'utf8').split(`class ${name} {`)[1]?.split('\n}')[0] ?? '';
  return Array.from(body.matchAll(/^ {2}(\w+): \w+;$/gm), ([, field = '']) => field);
}

test('the kernel declares the words that are laid out', () => {
  expect(fieldsOf('dictionary.ts', 'Dictionary')).toEqual([...DICTIONARY_WORDS]);
  expect(fieldsOf('addresses.ts', 'Addresses')).toEqual([...ADDRESSES_WORDS]);
  expect(fieldsOf('addresses.ts', 'Field')).toEqual([...FIELD_WORDS]);
  expect(fieldsOf('values.ts', 'ByteIds')).toEqual([...BYTE_IDS_WORDS]);
  expect(fieldsOf('json.ts', 'JsonColumn')).toEqual([...JSON_COLUMN_WORDS]);
  expect(fieldsOf('json.ts', 'JsonRows')).toEqual([...JSON_ROWS_WORDS]);
  const kernel = readFileSync(new URL('../../../src/kernel/columns/json.ts', import.meta.url), 'utf8');
  for (const [i, kind] of JSON_KINDS.entries()) {
    expect(kernel).toContain(`const ${kind.toUpperCase().replace(/\d+/, '_$&')}: u32 = ${i};\n`);
  }
});

test('codes are in order of appearance, chunk after chunk, whatever was learnt before', () => {
  const memory = new ColumnMemory(new KernelHeap());
  const dictionary = new ChunkDictionary(memory);
  const values = new IdValues(memory, (id) => (id % 5 === 0 ? null : `text ${id % 3000}`));
  const ids = memory.i32(20_000);
  for (const [size, step] of [
    [10, 1],
    [9000, 7],
    [9000, 4001],
  ] as const) {
    for (let row = 0; row < 20_000; row++) ids[row] = (row * step) % size;
    const column = dictionary.encode(ids, 20_000, { kind: 'shared', values, size });
    const met = new Map<string, number>();
    const codes = Array.from(ids, (id) => {
      if (id % 5 === 0) return -1;
      const text = `text ${id % 3000}`;
      const code = met.get(text) ?? met.size;
      met.set(text, code);
      return code;
    });
    expect([...column.codes]).toEqual(codes);
    expect(column.nullCount).toBe(codes.filter((code) => code < 0).length);
    const { offsets, bytes } = column.dictionary;
    const texts = Array.from({ length: met.size }, (_, i) =>
      Buffer.from(Uint8Array.from(bytes.subarray(offsets[i], offsets[i + 1]))).toString(),
    );
    expect(texts).toEqual([...met.keys()]);
  }
});

test('addresses keep their numbers while the tables grow', () => {
  const rows = emptyRows(30_000);
  const memory = new ColumnMemory(rows.heap);
  const addresses = new AddressIds(memory);
  const { flow } = rows;
  for (let row = 0; row < 30_000; row++) {
    fillRow(rows, row);
    flow.srcAddr[row] = Math.imul(row % 20_000, 0x9e37_79b1);
  }
  flow.rows = 30_000;
  const ids = memory.i32(30_000);
  for (let pass = 0; pass < 2; pass++) {
    addresses.number(flow, 'srcaddr', ids, 0, null, ids);
    expect([...ids]).toEqual(Array.from({ length: 30_000 }, (_, row) => 1 + (row % 20_000)));
  }
});

test('what is given back is taken again', () => {
  const heap = new KernelHeap();
  const memory = new ColumnMemory(heap);
  const first = memory.u8(1_000_000).byteOffset;
  memory.release();
  expect(new ColumnMemory(heap).u8(1_000_000).byteOffset).toBe(first);
});

test('byte values are numbered in order of appearance while the tables grow, chunk after chunk', () => {
  const ids = new ByteIds(new ColumnMemory(new KernelHeap()));
  const dice = new Dice(11);
  for (const distinct of [3, 900, 40_000]) {
    const values = Array.from({ length: 20_000 }, () => {
      const value = dice.below(distinct);
      return 'subnet-0a1b2c3d4e5f67890123456789'.slice(0, value % 33) + String.fromCharCode(48 + (value % 70));
    });
    const text = Buffer.from(values.join(''));
    const offsets = new Int32Array(values.length + 1);
    for (const [i, value] of values.entries()) offsets[i + 1] = (offsets[i] ?? 0) + Buffer.byteLength(value);
    const order = [...new Set(values)];
    const idOf = new Map(order.map((value, i) => [value, i + 1]));
    const found = ids.numberTexts(ids.reachable({ offsets, bytes: text }));
    expect([...found]).toEqual(values.map((value) => idOf.get(value)));
    expect(order.map((_, i) => ids.text(i + 1))).toEqual(order);
    const all = ids.all();
    expect(Buffer.from(Uint8Array.from(all.bytes)).toString()).toBe(order.join(''));
    ids.reset();
    expect(ids.size).toBe(1);
  }
});

test('a value longer than the memory that is left, and one of no bytes', () => {
  const ids = new ByteIds(new ColumnMemory(new KernelHeap()));
  const bytes = new Uint8Array(100_000).fill(65);
  const offsets = Int32Array.from([0, 0, 1, 90_001, 90_001, 100_000]);
  const found = ids.numberTexts(ids.reachable({ offsets, bytes }));
  expect([...found]).toEqual([1, 2, 3, 1, 4]);
  expect(ids.byteLength).toBe(1 + 90_000 + 9999);
});
