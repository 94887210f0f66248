import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { KernelHeap } from '../../../src/model/kernel-heap.ts';
import { ADDRESSES_WORDS, AddressIds, FIELD_WORDS } from '../../../src/sink/address-ids.ts';
import { ChunkDictionary, DICTIONARY_WORDS, IdValues } from '../../../src/sink/chunk-dictionary.ts';
import { ColumnMemory } from '../../../src/sink/column-memory.ts';
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
