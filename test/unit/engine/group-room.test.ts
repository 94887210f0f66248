import { expect, it } from 'vitest';
import { releaseGroups, SlotRoom } from '../../../src/engine/group-room.ts';
import { type Groups, GroupTable } from '../../../src/engine/group-table.ts';
import { createSlotMemory } from '../../../src/engine/slot-memory.ts';

function filled(groups: number): GroupTable {
  const table = new GroupTable(3, 64);
  for (let g = 0; g < groups; g++) {
    table.key.set([1, g, g * g]);
    table.add(100 + g, 1 + g);
  }
  return table;
}

const isShared = ({ keys, sums }: Groups): boolean[] => [keys, sums].map((a) => a.buffer instanceof SharedArrayBuffer);

it('groups in a slot are those of arrays of their own, whatever the slot held before', () => {
  const memory = createSlotMemory(1, 4096);
  for (const count of [40, 7, 0, 63]) {
    const room = new SlotRoom(memory);
    const groups = filled(count).drain(room.give);
    expect(groups).toEqual(filled(count).drain());
    expect(isShared(groups)).toEqual([true, true]);
    releaseGroups(memory, room.slot);
  }
});

it('two tables stand side by side; what no longer fits gets an array of its own', () => {
  const memory = createSlotMemory(2, 1024);
  const room = new SlotRoom(memory);
  const [first, second, third] = [9, 11, 20].map((count) => filled(count).drain(room.give));
  expect([first, second, third]).toEqual([9, 11, 20].map((count) => filled(count).drain()));
  expect([first, second, third].map((groups) => groups && isShared(groups))).toEqual([
    [true, true],
    [true, true],
    [false, false],
  ]);
});

it('without a free slot, and without memory, groups have arrays of their own', () => {
  const memory = createSlotMemory(1, 4096);
  expect([new SlotRoom(memory).slot, new SlotRoom(memory).slot, new SlotRoom(null).slot]).toEqual([0, null, null]);
  expect(isShared(filled(5).drain(new SlotRoom(memory).give))).toEqual([false, false]);
  releaseGroups(memory, 0);
  expect(new SlotRoom(memory).slot).toBe(0);
});
