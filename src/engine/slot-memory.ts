/** Shared memory for results on their way to the main thread: slots of equal size, and a word for each, 1 = taken. */
export interface SlotMemory {
  readonly bytes: SharedArrayBuffer;
  readonly slotBytes: number;
  readonly taken: SharedArrayBuffer;
}

/** Memory that is never written to costs nothing. */
export function createSlotMemory(slots: number, slotBytes: number): SlotMemory {
  return {
    bytes: new SharedArrayBuffer(slots * slotBytes),
    slotBytes,
    taken: new SharedArrayBuffer(4 * slots),
  };
}

/** Offset of a slot that nobody has; null when all are taken. */
export function takeSlot({ taken, slotBytes }: SlotMemory): number | null {
  const flags = new Int32Array(taken);
  for (let slot = 0; slot < flags.length; slot++) {
    if (Atomics.compareExchange(flags, slot, 0, 1) === 0) return slot * slotBytes;
  }
  return null;
}

export function releaseSlot({ taken, slotBytes }: SlotMemory, offset: number): void {
  Atomics.store(new Int32Array(taken), offset / slotBytes, 0);
}

/** True when nobody has a slot: a slot that is lost is memory that no later task can use. */
export function allFree({ taken }: SlotMemory): boolean {
  return new Int32Array(taken).every((flag) => flag === 0);
}
