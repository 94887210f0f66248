import { expect, test } from 'vitest';
import { KernelHeap } from '../../../src/model/kernel-heap.ts';

test('blocks lie side by side, aligned, never at 0', () => {
  const heap = new KernelHeap();
  const blocks = [1, 64, 100, 0].map((bytes) => heap.take(bytes));
  expect(blocks.map(({ bytes }) => bytes)).toEqual([64, 64, 128, 64]);
  blocks.forEach(({ at }, i) => {
    expect(at % 64).toBe(0);
    const before = blocks[i - 1];
    expect(at).toBe(before === undefined ? 1024 : before.at + before.bytes);
  });
});

test('views stay valid when the memory grows', () => {
  const heap = new KernelHeap();
  const first = heap.take(8);
  const view = new Uint32Array(first.buffer, first.at, 2);
  const large = heap.take(100_000_000);
  new Uint8Array(large.buffer, large.at, 100_000_000).fill(1);
  view.set([7, 8]);
  expect([...new Uint32Array(large.buffer, first.at, 2)]).toEqual([7, 8]);
});

test('what is given back is taken again, neighbours as one block', () => {
  const heap = new KernelHeap();
  const blocks = [640, 640, 640, 64].map((bytes) => heap.take(bytes));
  const [first, second, third] = blocks;
  if (first === undefined || second === undefined || third === undefined) throw new Error('no blocks');
  heap.give([third, first]);
  expect(heap.take(1280).at).toBeGreaterThan(third.at);
  heap.give([second]);
  expect(heap.take(1600)).toMatchObject({ at: first.at, bytes: 1600 });
  expect(heap.take(320).at).toBe(first.at + 1600);
});
