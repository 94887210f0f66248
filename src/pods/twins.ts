import { strict as assert } from 'node:assert';
import { ownerEntry4 } from './lookup.ts';
import type { PodMapView } from './pod-map.ts';

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

/** Words of one question or one record to add. */
export const FlowWord = {
  /** Number of the interface that logged it; the same in every inventory version. */
  eni: 0,
  /** Number of the interface that owns the remote address, NO_ENI = none known. */
  remoteEni: 1,
  protocol: 2,
  /** Local IPv4 where the record shows it, 0 = hidden behind the interface's own address. */
  local: 3,
  remote: 4,
  localPort: 5,
  remotePort: 6,
  /** Unix seconds, start ≤ end. */
  start: 7,
  end: 8,
  /** 1 = the packets left the interface. */
  egress: 9,
  /** Code of model/verdict's Role as flags or listeners tell it, else 0. */
  role: 10,
  count: 11,
} as const;

export const NO_ENI = 0xffff_ffff;

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
 * Hash of a bucket: both ends in one order for both ends' records, ports, protocol and time slot, and whether the
 * packets left the interface: what answers a question went the other way.
 */
function bucketHash(flow: Uint32Array, slot: number, egress: number): number {
  const eni = flow[FlowWord.eni]!;
  const other = flow[FlowWord.remoteEni]!;
  const isFirst = other === NO_ENI || eni <= other;
  const ports = isFirst
    ? (flow[FlowWord.localPort]! << 16) | flow[FlowWord.remotePort]!
    : (flow[FlowWord.remotePort]! << 16) | flow[FlowWord.localPort]!;
  const low = isFirst ? eni : other;
  // an address that no interface owns stands for itself
  const high = other === NO_ENI ? flow[FlowWord.remote]! ^ 0x5bd1_e995 : isFirst ? other : eni;
  let h = Math.imul(low ^ (flow[FlowWord.protocol]! << 24), 0x9e37_79b1);
  h = Math.imul(h ^ (h >>> 15) ^ high, 0x85eb_ca6b);
  h = Math.imul(h ^ (h >>> 13) ^ ports, 0xc2b2_ae35);
  h = Math.imul(h ^ (h >>> 15) ^ ((slot << 1) | egress), 0x85eb_ca6b);
  return h ^ (h >>> 16);
}

/**
 * Hash by protocol and the two ports alone, whatever their order: whatever may answer a question has the same, so files
 * are split by it.
 */
export function portsHash(protocol: number, port: number, otherPort: number): number {
  const low = Math.min(port, otherPort);
  const high = Math.max(port, otherPort);
  const h = Math.imul(((low << 16) | high) ^ Math.imul(protocol, 0x9e37_79b1), 0x85eb_ca6b);
  return (h ^ (h >>> 15)) >>> 0;
}

/** Entries remembered per thread, to join records of one flow that follow each other. */
const RECENT = 1 << 15;

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
  /** The record that `add` takes, the question that `find` answers: fill all words. */
  readonly flow: Uint32Array = new Uint32Array(FlowWord.count);
  readonly answer: TwinAnswer = createTwinAnswer();
  private readonly shelves: readonly Shelf[];
  private entries!: Uint32Array;
  private capacity!: number;
  private heads!: Uint32Array;
  private mask!: number;
  private state!: Int32Array;
  private readonly recent = new Uint32Array(RECENT).fill(NONE);
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

  /** Adds `flow`; false when the table is full. */
  add(): boolean {
    const { flow, entries, recent } = this;
    const start = flow[FlowWord.start]!;
    const end = flow[FlowWord.end]!;
    const hash = bucketHash(flow, start >>> SLOT_BITS, flow[FlowWord.egress]!);
    const place = hash & (RECENT - 1);
    const known = recent[place]!;
    const state = (flow[FlowWord.egress]! * EGRESS_BIT) | (flow[FlowWord.role]! << ROLE_SHIFT);
    const eni = flow[FlowWord.eni]! | (flow[FlowWord.protocol]! << 24);
    const ports = (flow[FlowWord.localPort]! << 16) | flow[FlowWord.remotePort]!;
    if (end - start > this.state[State.longest]!) this.lengthen(end - start);
    if (known !== NONE) {
      const at = known * EntryWord.count;
      if (
        (entries[at + EntryWord.eni]! | 0) === (eni | 0) &&
        entries[at + EntryWord.remote] === flow[FlowWord.remote] &&
        (entries[at + EntryWord.ports]! | 0) === ports &&
        entries[at + EntryWord.local] === flow[FlowWord.local] &&
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
    const at = entry * EntryWord.count;
    entries[at + EntryWord.eni] = eni;
    entries[at + EntryWord.remote] = flow[FlowWord.remote]!;
    entries[at + EntryWord.ports] = ports;
    entries[at + EntryWord.start] = start;
    entries[at + EntryWord.end] = end;
    entries[at + EntryWord.local] = flow[FlowWord.local]!;
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

  /**
   * Adds to `answer` what the table knows about `flow`: the addresses that its twins show in place of its own side, and
   * the roles that follow from twins (the same) and reverse records (the opposite). `eni` is the index of its interface
   * in `pods`, `vpc` that interface's VPC: a twin counts only when the address it shows is the interface's own then.
   */
  find(pods: PodMapView, vpc: number, eni: number): void {
    for (const shelf of this.shelves) this.findOn(shelf, pods, vpc, eni);
  }

  private findOn({ entries, heads, mask, state }: Shelf, pods: PodMapView, vpc: number, eni: number): void {
    const { flow } = this;
    const start = flow[FlowWord.start]!;
    const earliest = start - TWIN_SLACK_SECONDS - state[State.longest]!;
    const latest = flow[FlowWord.end]! + TWIN_SLACK_SECONDS;
    const last = latest >>> SLOT_BITS;
    const egress = 1 - flow[FlowWord.egress]!;
    for (let slot = Math.max(earliest, 0) >>> SLOT_BITS; slot <= last; slot++) {
      let entry = heads[bucketHash(flow, slot, egress) & mask]!;
      while (entry !== NONE) {
        entry = this.look(entries, entry, start - TWIN_SLACK_SECONDS, latest, pods, vpc, eni);
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
  ): number {
    const { flow } = this;
    const at = entry * EntryWord.count;
    const link = entries[at]!;
    const next = link & NONE;
    if (entries[at + EntryWord.end]! < from || entries[at + EntryWord.start]! > to) return next;
    const owner = entries[at + EntryWord.eni]!;
    if (owner >>> 24 !== flow[FlowWord.protocol]) return next;
    // both a twin and a reverse record go the other way, seen from their interface
    if (((link & EGRESS_BIT) !== 0) === (flow[FlowWord.egress] === 1)) return next;
    const remote = entries[at + EntryWord.remote]!;
    const local = entries[at + EntryWord.local]!;
    const ports = entries[at + EntryWord.ports]!;
    const number = owner & NONE;
    const role = (link >>> ROLE_SHIFT) & 3;
    if (number === flow[FlowWord.eni]) {
      const isReverse =
        remote === flow[FlowWord.remote] &&
        local === flow[FlowWord.local] &&
        ports >>> 16 === flow[FlowWord.localPort] &&
        (ports & 0xffff) === flow[FlowWord.remotePort];
      if (isReverse && role !== 0) this.answer.roles |= 3 - role;
      return next;
    }
    if (
      number !== flow[FlowWord.remoteEni] ||
      ports >>> 16 !== flow[FlowWord.remotePort] ||
      (ports & 0xffff) !== flow[FlowWord.localPort] ||
      (local !== 0 && local !== flow[FlowWord.remote])
    )
      return next;
    if (flow[FlowWord.local] !== 0 && remote !== flow[FlowWord.local]) return next;
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
