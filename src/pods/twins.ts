import { strict as assert } from 'node:assert';
import {
  createTableMemory,
  type KernelFunction,
  type KernelMemory,
  kernelFunctions,
  PAGE_BYTES,
} from '../model/kernel.ts';
import { FlowWord, TWIN_STRETCH } from './twin-flow.ts';

/**
 * The twin table: who met whom at which interface, filled by the first pass over the logs and asked by the second. A
 * record of the default format hides its own side behind the interface's primary address, but shows the other side; the
 * twin, which the other side's interface logged of the same packets, shows what this one hides.
 *
 * An entry is one record (or several of one flow whose windows nearly touch): seven u32 words, in a chain of entries of
 * the same bucket. With one word of the chain heads it is 32 bytes. Any number of threads may add at once; what a
 * look-up answers depends on the set of entries alone, never on their order. The table and what works on it
 * (src/kernel/twins) are one memory, shared by all workers, with a desk for each of them behind the table.
 */

/** Bytes of the table's memory; what needs more spills to files (engine/spill). */
export const TWINS_BYTES: number = 256 * 1024 * 1024;

/** Different addresses that a look-up tells apart; more are as good as none. */
export const TWIN_ADDRESSES_MAX = 4;

/** Longest window that pairs: AWS aggregates over at most ten minutes, what is much longer tells no moment. */
export const TWIN_WINDOW_SECONDS = 3600;

/** Bytes of an entry, and with its share of the chain heads. */
const ENTRY_BYTES = 28;
const ENTRY_BYTES_IN_ALL = 32;

/** Link of the last entry of a chain, and head of an empty one. */
const NONE = 0xff_ffff;

/** Interfaces and entries that fit into 24 bits. */
export const NUMBERS_MAX: number = NONE;

/** The head of the memory, as indices of u32 words; the first three on cache lines of their own. */
export const TwinState = {
  /** Entries reserved. */
  reserved: 16,
  /** 1 when some did not fit. */
  overflow: 32,
  /** Longest window added in seconds. */
  longest: 48,
  /** Entries that fit; chain heads less one; byte addresses of both. */
  capacity: 64,
  mask: 65,
  heads: 66,
  entries: 67,
} as const;
const HEADS_AT = 4096;

/** A worker's desk, byte offsets: flows to add or to ask about, what was found, and what is remembered of lately. */
export const TwinDesk = { flows: 0, matches: 12_288, free: 25_604, recent: 26_688 } as const;

/** The first word of a match: its question, roles as in TwinAnswer, and what it is; the second is what a twin shows. */
export const TwinMatch = { question: 0xffff, roleShift: 16, twin: 0x100_0000, reverse: 0x200_0000 } as const;
export const MATCHES_MAX = 1024;

/** Entries remembered: index and hash. */
const RECENT_WORDS = 2 << 17;
const DESK_PAGES = Math.ceil((TwinDesk.recent + RECENT_WORDS * 4) / PAGE_BYTES);

/** Workers that a table serves, one after the other or at once. */
const DESKS_MAX = 1024;

/** A table as it travels to workers. */
export interface TwinMemory {
  readonly memory: KernelMemory;
  readonly capacity: number;
}

/**
 * Memory for `bytes` in all; untouched parts of it take no memory of the machine. `expected` entries size the chains.
 */
export function createTwinMemory(bytes: number, expected: number): TwinMemory {
  const capacity = Math.min(Math.floor(bytes / ENTRY_BYTES_IN_ALL), NUMBERS_MAX - 1);
  assert(capacity >= 1);
  let heads = 1024;
  while (heads * 2 <= Math.min(expected, capacity)) heads *= 2;
  const entries = HEADS_AT + heads * 4;
  const pages = Math.ceil((entries + capacity * ENTRY_BYTES) / PAGE_BYTES);
  const memory = createTableMemory(pages, pages + DESKS_MAX * DESK_PAGES);
  const state = new Uint32Array(memory.buffer, 0, HEADS_AT / 4);
  state[TwinState.capacity] = capacity;
  state[TwinState.mask] = heads - 1;
  state[TwinState.heads] = HEADS_AT;
  state[TwinState.entries] = entries;
  const twins = { memory, capacity };
  clearTwins(twins);
  return twins;
}

function stateOf({ memory }: TwinMemory): Uint32Array {
  return new Uint32Array(memory.buffer, 0, HEADS_AT / 4);
}

/** Forgets every entry. */
export function clearTwins(twins: TwinMemory): void {
  const state = stateOf(twins);
  new Uint32Array(twins.memory.buffer, HEADS_AT, state[TwinState.mask]! + 1).fill(NONE);
  for (const word of [TwinState.reserved, TwinState.overflow, TwinState.longest]) Atomics.store(state, word, 0);
}

/** Entries added so far, or about to be. */
export function twinsReserved(twins: TwinMemory): number {
  return Math.min(Atomics.load(stateOf(twins), TwinState.reserved), twins.capacity);
}

export function twinsOverflowed(twins: TwinMemory): boolean {
  return Atomics.load(stateOf(twins), TwinState.overflow) !== 0;
}

/** What is known of a record's twins. */
export interface TwinAnswer {
  /** Different addresses, ascending, of the twins: at most TWIN_ADDRESSES_MAX of them … */
  readonly addresses: Uint32Array;
  /** … and their number; one more than the most when there were more. */
  count: number;
  /** Bit 1 = some related record says that this one is a request, bit 2 = a reply. */
  roles: number;
}

/** One table as a thread works on it: a desk behind it, and the functions that read and write both. */
class Shelf {
  readonly flows: Uint32Array;
  readonly matches: Uint32Array;
  private readonly desk: number;
  private readonly remembered: Uint32Array;
  private readonly reserved: Uint32Array;
  private readonly kernel: Readonly<Record<'add' | 'ask' | 'more', KernelFunction>>;

  constructor({ memory }: TwinMemory) {
    this.desk = memory.grow(DESK_PAGES) * PAGE_BYTES;
    const { buffer } = memory;
    this.flows = new Uint32Array(buffer, this.desk + TwinDesk.flows, TWIN_STRETCH * FlowWord.count);
    this.matches = new Uint32Array(buffer, this.desk + TwinDesk.matches, MATCHES_MAX * 2);
    this.remembered = new Uint32Array(buffer, this.desk + TwinDesk.recent, RECENT_WORDS);
    this.reserved = new Uint32Array(buffer, this.desk + TwinDesk.free, 2);
    const functionOf = kernelFunctions('twins', memory);
    this.kernel = { add: functionOf('add'), ask: functionOf('ask'), more: functionOf('more') };
  }

  /** Forgets entries of an earlier filling. */
  forget(): void {
    this.remembered.fill(NONE);
    this.reserved.fill(0);
  }

  add(count: number): number {
    return this.kernel.add(this.desk, count);
  }

  ask(count: number): void {
    this.kernel.ask(this.desk, count);
  }

  more(): number {
    return this.kernel.more(this.desk);
  }
}

/**
 * One thread's view of one table or several: records are added to the one that is being filled, questions are answered
 * by all. A stream clears the oldest one and fills that next. Flows are FlowWord.count words each, at most
 * TWIN_STRETCH of them.
 */
export class TwinTable {
  private readonly shelves: readonly Shelf[];
  private filling!: Shelf;

  constructor(memories: readonly TwinMemory[]) {
    assert(memories.length > 0);
    this.shelves = memories.map((memory) => new Shelf(memory));
    this.fill(0);
  }

  /** What is added from now on goes to table `epoch` modulo their number; forgets what is remembered of another. */
  fill(epoch: number): void {
    this.filling = this.shelves[epoch % this.shelves.length]!;
    this.filling.forget();
  }

  /** Adds the first `count` records; returns how many, fewer when the table is full. */
  add(flows: Uint32Array, count: number): number {
    const { filling } = this;
    filling.flows.set(count === TWIN_STRETCH ? flows : flows.subarray(0, count * FlowWord.count));
    return filling.add(count);
  }

  /**
   * Asks about the first `count` flows. `take` is handed matches (TwinMatch) in no order, until there are no more.
   */
  ask(flows: Uint32Array, count: number, take: (matches: Uint32Array, count: number) => void): void {
    for (const shelf of this.shelves) {
      shelf.flows.set(count === TWIN_STRETCH ? flows : flows.subarray(0, count * FlowWord.count));
      shelf.ask(count);
      for (let found = shelf.more(); found > 0; found = shelf.more()) take(shelf.matches, found);
    }
  }
}
