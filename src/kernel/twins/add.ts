import { bucketHash, pairHash } from './hash';
import {
  BLOCK_ENTRIES,
  DESK_BLOCK_END,
  DESK_FLOWS,
  DESK_FREE,
  DESK_HASH,
  DESK_RECENT,
  DESK_TOUCHED,
  EGRESS_BIT,
  ENTRY_BYTES,
  ENTRY_END,
  ENTRY_ENI,
  ENTRY_LINK,
  ENTRY_LOCAL,
  ENTRY_PORTS,
  ENTRY_REMOTE,
  ENTRY_START,
  FLOW_BYTES,
  FLOW_EGRESS,
  FLOW_END,
  FLOW_ENI,
  FLOW_LOCAL,
  FLOW_LOCAL_PORT,
  FLOW_PROTOCOL,
  FLOW_REMOTE,
  FLOW_REMOTE_PORT,
  FLOW_ROLE,
  FLOW_START,
  MERGE_SECONDS,
  NONE,
  RECENT,
  ROLE_SHIFT,
  SLOT_BITS,
  STATE_CAPACITY,
  STATE_ENTRIES,
  STATE_HEADS,
  STATE_LONGEST,
  STATE_MASK,
  STATE_OVERFLOW,
  STATE_RESERVED,
} from './layout';

/** Adds the first `count` records of the desk; returns how many, fewer when the table is full. */
export function add(desk: usize, count: u32): u32 {
  const heads = <usize>load<u32>(STATE_HEADS);
  const entries = <usize>load<u32>(STATE_ENTRIES);
  const mask = load<u32>(STATE_MASK);
  const hashes = desk + DESK_HASH;
  let touched: u32 = 0;
  for (let k: u32 = 0; k < count; k++) {
    const flow = flowAt(desk, k);
    const hash = bucketHash(pairHash(flow), load<u32>(flow + FLOW_START) >>> SLOT_BITS, load<u32>(flow + FLOW_EGRESS));
    store<u32>(hashes + (<usize>k << 2), hash);
  }
  // a loop of nothing else has the most loads under way at once
  for (let k: u32 = 0; k < count; k++) {
    const hash = load<u32>(hashes + (<usize>k << 2));
    const recent = recentAt(desk, hash, load<u32>(flowAt(desk, k)));
    touched ^= load<u32>(heads + (<usize>(hash & mask) << 2)) ^ load<u32>(recent);
  }
  store<u32>(desk + DESK_TOUCHED, touched);
  for (let k: u32 = 0; k < count; k++) {
    const hash = load<u32>(hashes + (<usize>k << 2));
    if (!addOne(desk, flowAt(desk, k), hash, heads + (<usize>(hash & mask) << 2), entries)) return k;
  }
  return count;
}

@inline
function flowAt(desk: usize, k: u32): usize {
  return desk + DESK_FLOWS + <usize>k * FLOW_BYTES;
}

/** Where an entry of this bucket and interface is remembered: its index, then its hash. */
@inline
function recentAt(desk: usize, hash: u32, eni: u32): usize {
  // both ends' records are of one bucket
  return desk + DESK_RECENT + (<usize>((hash ^ (eni * 0x9e37_79b1)) & (RECENT - 1)) << 3);
}

@inline
function addOne(desk: usize, flow: usize, hash: u32, head: usize, entries: usize): bool {
  const start = load<u32>(flow + FLOW_START);
  const end = load<u32>(flow + FLOW_END);
  if (end - start > load<u32>(STATE_LONGEST)) lengthen(end - start);
  const state = (load<u32>(flow + FLOW_EGRESS) * EGRESS_BIT) | (load<u32>(flow + FLOW_ROLE) << ROLE_SHIFT);
  const eni = load<u32>(flow + FLOW_ENI) | (load<u32>(flow + FLOW_PROTOCOL) << 24);
  const ports = (load<u32>(flow + FLOW_LOCAL_PORT) << 16) | load<u32>(flow + FLOW_REMOTE_PORT);
  const remote = load<u32>(flow + FLOW_REMOTE);
  const local = load<u32>(flow + FLOW_LOCAL);
  const recent = recentAt(desk, hash, load<u32>(flow + FLOW_ENI));
  const last = load<u32>(recent);
  if (load<u32>(recent + 4) == hash && last != NONE) {
    const at = entries + <usize>last * ENTRY_BYTES;
    const from = load<u32>(at + ENTRY_START);
    const to = load<u32>(at + ENTRY_END);
    if (
      load<u32>(at + ENTRY_ENI) == eni &&
      load<u32>(at + ENTRY_REMOTE) == remote &&
      load<u32>(at + ENTRY_PORTS) == ports &&
      load<u32>(at + ENTRY_LOCAL) == local &&
      (load<u32>(at + ENTRY_LINK) & ~NONE) == state &&
      from >>> SLOT_BITS == start >>> SLOT_BITS &&
      <u64>start <= <u64>to + MERGE_SECONDS &&
      <u64>from <= <u64>end + MERGE_SECONDS
    ) {
      if (start < from) store<u32>(at + ENTRY_START, start);
      if (end > to) store<u32>(at + ENTRY_END, end);
      return true;
    }
  }
  if (load<u32>(desk + DESK_FREE) == load<u32>(desk + DESK_BLOCK_END) && !reserve(desk)) return false;
  const entry = load<u32>(desk + DESK_FREE);
  store<u32>(desk + DESK_FREE, entry + 1);
  store<u32>(recent, entry);
  store<u32>(recent + 4, hash);
  const at = entries + <usize>entry * ENTRY_BYTES;
  store<u32>(at + ENTRY_ENI, eni);
  store<u32>(at + ENTRY_REMOTE, remote);
  store<u32>(at + ENTRY_PORTS, ports);
  store<u32>(at + ENTRY_START, start);
  store<u32>(at + ENTRY_END, end);
  store<u32>(at + ENTRY_LOCAL, local);
  // whoever walks the chain meanwhile finds a whole entry
  let first = atomic.load<u32>(head);
  while (true) {
    store<u32>(at + ENTRY_LINK, first | state);
    const seen = atomic.cmpxchg<u32>(head, first, entry);
    if (seen == first) break;
    first = seen;
  }
  return true;
}

function lengthen(seconds: u32): void {
  for (let known = atomic.load<u32>(STATE_LONGEST); known < seconds; ) {
    known = atomic.cmpxchg<u32>(STATE_LONGEST, known, seconds);
  }
}

/** Takes the next block of entries; false when there is none. */
function reserve(desk: usize): bool {
  if (atomic.load<u32>(STATE_OVERFLOW) != 0) return false;
  const capacity = load<u32>(STATE_CAPACITY);
  const from = atomic.add<u32>(STATE_RESERVED, BLOCK_ENTRIES);
  if (from >= capacity) {
    atomic.store<u32>(STATE_OVERFLOW, 1);
    return false;
  }
  store<u32>(desk + DESK_FREE, from);
  store<u32>(desk + DESK_BLOCK_END, min<u32>(from + BLOCK_ENTRIES, capacity));
  return true;
}
