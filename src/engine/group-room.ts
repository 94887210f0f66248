import { releaseSlot, type SlotMemory, takeSlot } from './slot-memory.ts';

/** Gives a drained table so many f64 for its copy: zeros, or what was left by others. */
export type GroupRoom = (count: number) => Float64Array;

/** An array of its own. */
export const FRESH: GroupRoom = (count) => new Float64Array(count);

/**
 * Room in a slot that the main thread gives back when it has added the groups: what crosses threads for every task is
 * then no garbage of both. Arrays that find no room are their own.
 */
export class SlotRoom {
  private readonly memory: SlotMemory | null;
  /** Offset of the slot; null = all were taken. */
  readonly slot: number | null;
  private used = 0;

  constructor(memory: SlotMemory | null) {
    this.memory = memory;
    this.slot = memory === null ? null : takeSlot(memory);
  }

  /** The part of the slot behind what was given before. */
  readonly give: GroupRoom = (count) => {
    const { memory, slot, used } = this;
    if (memory === null || slot === null || used + count * 8 > memory.slotBytes) return FRESH(count);
    this.used += count * 8;
    return new Float64Array(memory.bytes, slot + used, count);
  };
}

/** Gives the slot of groups that were added back. */
export function releaseGroups(memory: SlotMemory | null, slot: number | null): void {
  if (memory !== null && slot !== null) releaseSlot(memory, slot);
}
