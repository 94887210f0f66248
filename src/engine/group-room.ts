import { releaseSlot, type SlotMemory, takeSlot } from './slot-memory.ts';

/** Where a drained table puts its copies: a number of zeros each, or what was left by others. */
export interface GroupRoom {
  u32(count: number): Uint32Array;
  f64(count: number): Float64Array;
}

/** Arrays of their own. */
export const FRESH: GroupRoom = {
  u32: (count) => new Uint32Array(count),
  f64: (count) => new Float64Array(count),
};

/**
 * Room in a slot that the main thread gives back when it has added the groups: what crosses threads for every task is
 * then no garbage of both. Arrays that find no room are their own.
 */
export class SlotRoom implements GroupRoom {
  private readonly memory: SlotMemory | null;
  /** Offset of the slot; null = all were taken. */
  readonly slot: number | null;
  private used = 0;

  constructor(memory: SlotMemory | null) {
    this.memory = memory;
    this.slot = memory === null ? null : takeSlot(memory);
  }

  u32(count: number): Uint32Array {
    const at = this.take(count * 4);
    return at === null ? FRESH.u32(count) : new Uint32Array(at.bytes, at.offset, count);
  }

  f64(count: number): Float64Array {
    const at = this.take(count * 8);
    return at === null ? FRESH.f64(count) : new Float64Array(at.bytes, at.offset, count);
  }

  private take(bytes: number): { readonly bytes: SharedArrayBuffer; readonly offset: number } | null {
    const { memory, slot, used } = this;
    const size = Math.ceil(bytes / 8) * 8;
    if (memory === null || slot === null || used + size > memory.slotBytes) return null;
    this.used += size;
    return { bytes: memory.bytes, offset: slot + used };
  }
}

/** Gives the slot of groups that were added back. */
export function releaseGroups(memory: SlotMemory | null, slot: number | null): void {
  if (memory !== null && slot !== null) releaseSlot(memory, slot);
}
