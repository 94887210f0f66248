import { strict as assert } from 'node:assert';
import { ownerEntry4 } from './lookup.ts';
import type { PodMapView } from './pod-map.ts';
import { bucketHash, FlowWord, pairHash, TWIN_STRETCH } from './twin-flow.ts';

/**
 * The twin table: who met whom at which interface, filled by the first pass over the logs and asked by the second. A
 * record of the default format hides its own side behind the interface's primary address, but shows the other side; the
 * twin, which the other side's interface logged of the same packets, shows what this one hides.
 *
 * An entry is one record (or several of one flow whose windows nearly touch): seven u32 words, in a chain of entries of
 * the same bucket. With one word of the chain heads it is 32 bytes. Any number of threads may add at once; what a
 * look-up answers depends on the set of entries alone, never on their order.
 */

/** Bytes of the table's memory; what needs more spills to files (engine/spill). */
export const TWINS_BYTES: number = 256 * 1024 * 1024;

/** Two windows belong together when no more than this lies between them (product contract, point 20). */
const TWIN_SLACK_SECONDS = 60;

/** Longest window that pairs: AWS aggregates over at most ten minutes, what is much longer tells no moment. */
export const TWIN_WINDOW_SECONDS = 3600;

/**
 * Windows of one flow are kept as one when at most this lies between them: whatever is within the slack of the sum is
 * then within the slack of one of them.
 */
const MERGE_SECONDS = 2 * TWIN_SLACK_SECONDS + 1;

/** Bits of a time slot, 1,024 s: part of the bucket's hash, so that chains stay short however long the logs run. */
const SLOT_BITS = 10;

/** Different addresses that a look-up tells apart; more are as good as none. */
export const TWIN_ADDRESSES_MAX = 4;

/** Words of an entry. */
const EntryWord = { link: 0, eni: 1, remote: 2, ports: 3, start: 4, end: 5, local: 6, count: 7 } as const;
// link: next entry of the chain (24 bits, NONE = last), bit 24 egress, bits 25–26 role; eni: number, protocol << 24
const NONE = 0xff_ffff;
const EGRESS_BIT = 0x100_0000;
const ROLE_SHIFT = 25;

/** Interfaces and entries that fit into 24 bits. */
export const NUMBERS_MAX: number = NONE;

/** Memory of a table as it travels to workers. */
export interface TwinMemory {
  readonly entries: SharedArrayBuffer;
  readonly heads: SharedArrayBuffer;
  /** See State. */
  readonly state: SharedArrayBuffer;
}

/** i32 words: entries reserved, 1 when some did not fit, longest window added in seconds. */
const State = { reserved: 0, overflow: 1, longest: 2, count: 3 } as const;

/** Entries a thread reserves at once. */
const BLOCK_ENTRIES = 256;

/**
 * Memory for `bytes` in all; untouched parts of it take no memory of the machine. `expected` entries size the chains.
 */
export function createTwinMemory(bytes: number, expected: number): TwinMemory {
  const capacity = Math.min(Math.floor(bytes / 32), NUMBERS_MAX - 1);
  assert(capacity >= 1);
  let heads = 1024;
  while (heads * 2 <= Math.min(expected, capacity)) heads *= 2;
  const memory = {
    entries: new SharedArrayBuffer(capacity * EntryWord.count * 4),
    heads: new SharedArrayBuffer(heads * 4),
    state: new SharedArrayBuffer(State.count * 4),
  };
  clearTwins(memory);
  return memory;
}

/** Forgets every entry. */
export function clearTwins({ heads, state }: TwinMemory): void {
  new Uint32Array(heads).fill(NONE);
  new Int32Array(state).fill(0);
}

/** Entries added so far, or about to be. */
export function twinsReserved({ state, entries }: TwinMemory): number {
  const capacity = entries.byteLength / (EntryWord.count * 4);
  return Math.min(Atomics.load(new Int32Array(state), State.reserved), capacity);
}

export function twinsOverflowed(memory: TwinMemory): boolean {
  return Atomics.load(new Int32Array(memory.state), State.overflow) !== 0;
}

/** What a look-up found. */
export interface TwinAnswer {
  /** Different addresses, ascending, of the twins: at most TWIN_ADDRESSES_MAX of them … */
  readonly addresses: Uint32Array;
  /** … and their number; one more than the most when there were more. */
  count: number;
  /** Bit 1 = some related record says that this one is a request, bit 2 = a reply. */
  roles: number;
}

function createTwinAnswer(): TwinAnswer {
  return { addresses: new Uint32Array(TWIN_ADDRESSES_MAX), count: 0, roles: 0 };
}

/**
 * Entries remembered per thread, with their hashes, to join records of one flow that follow each other: a power of two
 * well above the flows of a minute, which is the time between two records of one flow.
 */
const RECENT = 1 << 17;

/** Entries of a chain that are brought into the cache before they are looked at: a reverse record and a twin. */
const WARM_HOPS = 2;

/** One memory as a thread sees it. */
interface Shelf {
  readonly entries: Uint32Array;
  readonly capacity: number;
  readonly heads: Uint32Array;
  readonly mask: number;
  readonly state: Int32Array;
}

function shelfOf({ entries, heads, state }: TwinMemory): Shelf {
  const words = new Uint32Array(entries);
  const chains = new Uint32Array(heads);
  return {
    entries: words,
    capacity: words.length / EntryWord.count,
    heads: chains,
    mask: chains.length - 1,
    state: new Int32Array(state),
  };
}

/**
 * One thread's view of a table of one or several memories: records are added to the one that is being filled, questions
 * are answered by all. A stream clears the oldest memory and fills that one next.
 */
export class TwinTable {
  /**
   * The records that are added, the questions that are asked, FlowWord.count words each, TWIN_STRETCH at most: fill all
   * words but the hash. `add` and `find` take the one at word 0 unless they are told another place.
   */
  readonly flow: Uint32Array = new Uint32Array(TWIN_STRETCH * FlowWord.count);
  readonly answer: TwinAnswer = createTwinAnswer();
  private readonly shelves: readonly Shelf[];
  private entries!: Uint32Array;
  private capacity!: number;
  private heads!: Uint32Array;
  private mask!: number;
  private state!: Int32Array;
  private readonly recent = new Uint32Array(RECENT).fill(NONE);
  private readonly recentHash = new Int32Array(RECENT);
  /** Heads of the chains that are asked about next, see warm. */
  private readonly firsts = new Uint32Array(TWIN_STRETCH);
  /** The reserved block: next free entry, and its end. */
  private free = 0;
  private blockEnd = 0;

  constructor(memories: readonly TwinMemory[]) {
    assert(memories.length > 0);
    this.shelves = memories.map(shelfOf);
    this.fill(0);
  }

  /** What is added from now on goes to memory `epoch` modulo their number; forgets what is remembered of another. */
  fill(epoch: number): void {
    const shelf = this.shelves[epoch % this.shelves.length]!;
    this.entries = shelf.entries;
    this.capacity = shelf.capacity;
    this.heads = shelf.heads;
    this.mask = shelf.mask;
    this.state = shelf.state;
    this.recent.fill(NONE);
    this.free = 0;
    this.blockEnd = 0;
  }

  /** Adds the first `count` records of `flow`; false when the table is full. */
  addAll(count: number): boolean {
    const { flow, heads, mask } = this;
    let touched = 0;
    for (let k = 0; k < count; k++) {
      const at = k * FlowWord.count;
      const slot = flow[at + FlowWord.start]! >>> SLOT_BITS;
      const hash = bucketHash(pairHash(flow, at), slot, flow[at + FlowWord.egress]!);
      flow[at + FlowWord.hash] = hash;
      touched ^= heads[hash & mask]!;
    }
    this.firsts[0] = touched;
    for (let k = 0; k < count; k++) {
      const at = k * FlowWord.count;
      if (!this.addHashed(at, flow[at + FlowWord.hash]! | 0)) return false;
    }
    return true;
  }

  /** Adds the record at word 0 of `flow`; false when the table is full. */
  add(): boolean {
    return this.addAll(1);
  }

  private addHashed(from: number, hash: number): boolean {
    const { flow, entries, recent, recentHash } = this;
    const start = flow[from + FlowWord.start]!;
    const end = flow[from + FlowWord.end]!;
    // both ends' records are of one bucket
    const place = (hash ^ Math.imul(flow[from + FlowWord.eni]!, 0x9e37_79b1)) & (RECENT - 1);
    if (end - start > this.state[State.longest]!) this.lengthen(end - start);
    const state = (flow[from + FlowWord.egress]! * EGRESS_BIT) | (flow[from + FlowWord.role]! << ROLE_SHIFT);
    const eni = flow[from + FlowWord.eni]! | (flow[from + FlowWord.protocol]! << 24);
    const ports = (flow[from + FlowWord.localPort]! << 16) | flow[from + FlowWord.remotePort]!;
    const remote = flow[from + FlowWord.remote]!;
    const local = flow[from + FlowWord.local]!;
    if (recentHash[place] === hash && recent[place] !== NONE) {
      const at = recent[place]! * EntryWord.count;
      if (
        (entries[at + EntryWord.eni]! | 0) === (eni | 0) &&
        entries[at + EntryWord.remote] === remote &&
        (entries[at + EntryWord.ports]! | 0) === ports &&
        entries[at + EntryWord.local] === local &&
        (entries[at]! & ~NONE) === state &&
        entries[at + EntryWord.start]! >>> SLOT_BITS === start >>> SLOT_BITS &&
        start <= entries[at + EntryWord.end]! + MERGE_SECONDS &&
        entries[at + EntryWord.start]! <= end + MERGE_SECONDS
      ) {
        if (start < entries[at + EntryWord.start]!) entries[at + EntryWord.start] = start;
        if (end > entries[at + EntryWord.end]!) entries[at + EntryWord.end] = end;
        return true;
      }
    }
    if (this.free === this.blockEnd && !this.reserve()) return false;
    const entry = this.free++;
    recent[place] = entry;
    recentHash[place] = hash;
    const at = entry * EntryWord.count;
    entries[at + EntryWord.eni] = eni;
    entries[at + EntryWord.remote] = remote;
    entries[at + EntryWord.ports] = ports;
    entries[at + EntryWord.start] = start;
    entries[at + EntryWord.end] = end;
    entries[at + EntryWord.local] = local;
    entries[at] = Atomics.exchange(this.heads, hash & this.mask, entry) | state;
    return true;
  }

  private lengthen(seconds: number): void {
    for (let known = Atomics.load(this.state, State.longest); known < seconds; ) {
      known = Atomics.compareExchange(this.state, State.longest, known, seconds);
    }
  }

  private reserve(): boolean {
    if (Atomics.load(this.state, State.overflow) !== 0) return false;
    const from = Atomics.add(this.state, State.reserved, BLOCK_ENTRIES);
    if (from >= this.capacity) {
      Atomics.store(this.state, State.overflow, 1);
      return false;
    }
    this.free = from;
    this.blockEnd = Math.min(from + BLOCK_ENTRIES, this.capacity);
    return true;
  }

  /** Empties `answer`. */
  begin(): void {
    this.answer.count = 0;
    this.answer.roles = 0;
  }

  /** Brings what the first `count` questions of `flow` will look at into the cache: heads, then two entries a chain. */
  warm(count: number): void {
    for (const shelf of this.shelves) this.warmOn(shelf, count);
  }

  private warmOn({ entries, heads, mask, state }: Shelf, count: number): void {
    const { flow, firsts } = this;
    const slack = TWIN_SLACK_SECONDS + state[State.longest]!;
    for (let k = 0; k < count; k++) {
      const at = k * FlowWord.count;
      const pair = pairHash(flow, at);
      const egress = 1 - flow[at + FlowWord.egress]!;
      const first = Math.max(flow[at + FlowWord.start]! - slack, 0) >>> SLOT_BITS;
      const last = (flow[at + FlowWord.end]! + TWIN_SLACK_SECONDS) >>> SLOT_BITS;
      const head = heads[bucketHash(pair, last, egress) & mask]!;
      // the time of a flow's other records mostly lies in the same slot
      firsts[k] = first === last || head !== NONE ? head : heads[bucketHash(pair, first, egress) & mask]!;
    }
    for (let hop = 0; hop < WARM_HOPS; hop++) {
      for (let k = 0; k < count; k++) {
        const entry = firsts[k]!;
        if (entry !== NONE) firsts[k] = entries[entry * EntryWord.count]! & NONE;
      }
    }
  }

  /**
   * Adds to `answer` what the table knows about the question at word `at` of `flow`: the addresses that its twins show
   * in place of its own side, and the roles that follow from twins (the same) and reverse records (the opposite). `eni`
   * is the index of its interface in `pods`, `vpc` that interface's VPC: a twin counts only when the address it shows
   * is the interface's own then.
   */
  find(pods: PodMapView, vpc: number, eni: number, at = 0): void {
    for (const shelf of this.shelves) this.findOn(shelf, pods, vpc, eni, at);
  }

  private findOn({ entries, heads, mask, state }: Shelf, pods: PodMapView, vpc: number, eni: number, at: number): void {
    const { flow } = this;
    const start = flow[at + FlowWord.start]!;
    const earliest = start - TWIN_SLACK_SECONDS - state[State.longest]!;
    const latest = flow[at + FlowWord.end]! + TWIN_SLACK_SECONDS;
    const last = latest >>> SLOT_BITS;
    const egress = 1 - flow[at + FlowWord.egress]!;
    const pair = pairHash(flow, at);
    for (let slot = Math.max(earliest, 0) >>> SLOT_BITS; slot <= last; slot++) {
      let entry = heads[bucketHash(pair, slot, egress) & mask]!;
      while (entry !== NONE) {
        entry = this.look(entries, entry, start - TWIN_SLACK_SECONDS, latest, pods, vpc, eni, at);
      }
    }
  }

  /** Looks at one entry; returns the next of its chain. */
  private look(
    entries: Uint32Array,
    entry: number,
    from: number,
    to: number,
    pods: PodMapView,
    vpc: number,
    eni: number,
    asked: number,
  ): number {
    const { flow } = this;
    const at = entry * EntryWord.count;
    const link = entries[at]!;
    const next = link & NONE;
    if (entries[at + EntryWord.end]! < from || entries[at + EntryWord.start]! > to) return next;
    const owner = entries[at + EntryWord.eni]!;
    if (owner >>> 24 !== flow[asked + FlowWord.protocol]) return next;
    // both a twin and a reverse record go the other way, seen from their interface
    if (((link & EGRESS_BIT) !== 0) === (flow[asked + FlowWord.egress] === 1)) return next;
    const remote = entries[at + EntryWord.remote]!;
    const local = entries[at + EntryWord.local]!;
    const ports = entries[at + EntryWord.ports]!;
    const number = owner & NONE;
    const role = (link >>> ROLE_SHIFT) & 3;
    if (number === flow[asked + FlowWord.eni]) {
      const isReverse =
        remote === flow[asked + FlowWord.remote] &&
        local === flow[asked + FlowWord.local] &&
        ports >>> 16 === flow[asked + FlowWord.localPort] &&
        (ports & 0xffff) === flow[asked + FlowWord.remotePort];
      if (isReverse && role !== 0) this.answer.roles |= 3 - role;
      return next;
    }
    if (
      number !== flow[asked + FlowWord.remoteEni] ||
      ports >>> 16 !== flow[asked + FlowWord.remotePort] ||
      (ports & 0xffff) !== flow[asked + FlowWord.localPort] ||
      (local !== 0 && local !== flow[asked + FlowWord.remote])
    )
      return next;
    if (flow[asked + FlowWord.local] !== 0 && remote !== flow[asked + FlowWord.local]) return next;
    const owned = ownerEntry4(pods, vpc, remote);
    if (owned < 0 || pods.entryEni[owned] !== eni) return next;
    this.answer.roles |= role;
    addAddress(this.answer, remote);
    return next;
  }
}

/** Adds to `answer` what another go of the same question found. */
export function joinAnswers(answer: TwinAnswer, other: TwinAnswer): void {
  answer.roles |= other.roles;
  for (let a = 0; a < Math.min(other.count, TWIN_ADDRESSES_MAX); a++) addAddress(answer, other.addresses[a]!);
  if (other.count > TWIN_ADDRESSES_MAX) answer.count = other.count;
}

/** Keeps the addresses of an answer apart and in order, so that the order of finding them does not matter. */
function addAddress(answer: TwinAnswer, address: number): void {
  const { addresses, count } = answer;
  if (count > TWIN_ADDRESSES_MAX) return;
  let at = 0;
  while (at < count && addresses[at]! < address) at++;
  if (at < count && addresses[at] === address) return;
  answer.count = count + 1;
  if (count === TWIN_ADDRESSES_MAX) return;
  addresses.copyWithin(at + 1, at, count);
  addresses[at] = address;
}
