import { bucketHash, pairHash } from './hash';
import {
  DESK_ACTIVE,
  DESK_BEGUN,
  DESK_ENTRY,
  DESK_FLOWS,
  DESK_HASH,
  DESK_LAST,
  DESK_MATCHES,
  DESK_QUESTION,
  DESK_SLOT,
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
  FLOW_REMOTE_ENI,
  FLOW_REMOTE_PORT,
  FLOW_START,
  MATCH_REVERSE,
  MATCH_ROLE_SHIFT,
  MATCH_TWIN,
  MATCHES_MAX,
  NONE,
  ROLE_SHIFT,
  SLACK_SECONDS,
  SLOT_BITS,
  STATE_ENTRIES,
  STATE_HEADS,
  STATE_LONGEST,
  STATE_MASK,
  TWIN_STRETCH,
} from './layout';

/**
 * Begins with the first `count` questions of the desk: every chain's head. All chains are then walked in step (`more`),
 * so that their cache misses overlap: no look-up waits for the one before it.
 */
export function ask(desk: usize, count: u32): void {
  const slack = SLACK_SECONDS + atomic.load<u32>(STATE_LONGEST);
  for (let k: u32 = 0; k < count; k++) {
    const flow = desk + DESK_FLOWS + <usize>k * FLOW_BYTES;
    const pair = pairHash(flow);
    const start = load<u32>(flow + FLOW_START);
    const first = select<u32>(start - slack, 0, start > slack) >>> SLOT_BITS;
    put(desk + DESK_HASH, k, pair);
    put(desk + DESK_SLOT, k, first);
    put(desk + DESK_LAST, k, <u32>((<u64>load<u32>(flow + FLOW_END) + SLACK_SECONDS) >>> SLOT_BITS));
    put(desk + DESK_QUESTION, k, k);
    put(desk + DESK_ENTRY, k, <u32>headAt(pair, first, 1 - load<u32>(flow + FLOW_EGRESS)));
  }
  // a loop of nothing else has the most loads under way at once
  for (let k: u32 = 0; k < count; k++) loadHead(desk, k);
  store<u32>(desk + DESK_ACTIVE, count);
}

/** Goes on until all is found or there is little room for more; returns the number of matches, 0 when all is done. */
export function more(desk: usize): u32 {
  let active = load<u32>(desk + DESK_ACTIVE);
  let matches: u32 = 0;
  // a step finds one match a chain at most
  while (active > 0 && matches <= MATCHES_MAX - TWIN_STRETCH) {
    touch(desk, active);
    let kept: u32 = 0;
    let begun: u32 = 0;
    for (let a: u32 = 0; a < active; a++) {
      const k = get(desk + DESK_QUESTION, a);
      let entry = get(desk + DESK_ENTRY, a);
      const flow = desk + DESK_FLOWS + <usize>k * FLOW_BYTES;
      if (entry != NONE) {
        const at = entryAt(entry);
        const match = look(flow, at);
        if (match != 0) {
          const out = desk + DESK_MATCHES + (<usize>matches << 3);
          store<u32>(out, match | k);
          store<u32>(out + 4, load<u32>(at + ENTRY_REMOTE));
          matches++;
        }
        entry = load<u32>(at + ENTRY_LINK) & NONE;
      }
      if (entry == NONE) {
        const slot = get(desk + DESK_SLOT, k);
        if (slot >= get(desk + DESK_LAST, k)) continue;
        put(desk + DESK_SLOT, k, slot + 1);
        entry = <u32>headAt(get(desk + DESK_HASH, k), slot + 1, 1 - load<u32>(flow + FLOW_EGRESS));
        put(desk + DESK_BEGUN, begun++, kept);
      }
      put(desk + DESK_QUESTION, kept, k);
      put(desk + DESK_ENTRY, kept, entry);
      kept++;
    }
    for (let b: u32 = 0; b < begun; b++) loadHead(desk, get(desk + DESK_BEGUN, b));
    active = kept;
  }
  store<u32>(desk + DESK_ACTIVE, active);
  return matches;
}

/** Brings the entries that are looked at next into the cache, both lines of those that lie across two. */
@inline
function touch(desk: usize, active: u32): void {
  let touched: u32 = 0;
  for (let a: u32 = 0; a < active; a++) {
    const entry = get(desk + DESK_ENTRY, a);
    const at = entryAt(select<u32>(0, entry, entry == NONE));
    touched ^= load<u32>(at + ENTRY_LINK) ^ load<u32>(at + ENTRY_LOCAL);
  }
  store<u32>(desk + DESK_TOUCHED, touched);
}

/**
 * What an entry tells of a question: 0 = nothing; a twin's MATCH with its role, and a reverse record's with the
 * opposite of its own.
 */
@inline
function look(flow: usize, at: usize): u32 {
  const from = load<u32>(flow + FLOW_START);
  const end = <u64>load<u32>(at + ENTRY_END) + SLACK_SECONDS;
  const to = <u64>load<u32>(flow + FLOW_END) + SLACK_SECONDS;
  if (end < <u64>from || <u64>load<u32>(at + ENTRY_START) > to) return 0;
  const owner = load<u32>(at + ENTRY_ENI);
  if (owner >>> 24 != load<u32>(flow + FLOW_PROTOCOL)) return 0;
  // both a twin and a reverse record go the other way, seen from their interface
  const link = load<u32>(at + ENTRY_LINK);
  if (u32((link & EGRESS_BIT) != 0) == load<u32>(flow + FLOW_EGRESS)) return 0;
  const number = owner & NONE;
  const role = (link >>> ROLE_SHIFT) & 3;
  const ports = load<u32>(at + ENTRY_PORTS);
  const remote = load<u32>(at + ENTRY_REMOTE);
  const local = load<u32>(at + ENTRY_LOCAL);
  const askedLocal = load<u32>(flow + FLOW_LOCAL);
  const askedRemote = load<u32>(flow + FLOW_REMOTE);
  const localPort = load<u32>(flow + FLOW_LOCAL_PORT);
  const remotePort = load<u32>(flow + FLOW_REMOTE_PORT);
  if (number == load<u32>(flow + FLOW_ENI)) {
    if (role == 0 || remote != askedRemote || local != askedLocal) return 0;
    return ports == ((localPort << 16) | remotePort) ? MATCH_REVERSE | ((3 - role) << MATCH_ROLE_SHIFT) : 0;
  }
  if (number != load<u32>(flow + FLOW_REMOTE_ENI) || ports != ((remotePort << 16) | localPort)) return 0;
  if ((local != 0 && local != askedRemote) || (askedLocal != 0 && remote != askedLocal)) return 0;
  return MATCH_TWIN | (role << MATCH_ROLE_SHIFT);
}

/** Where the head of a bucket's chain stands. */
@inline
function headAt(pair: u32, slot: u32, egress: u32): usize {
  const bucket = bucketHash(pair, slot, egress) & load<u32>(STATE_MASK);
  return <usize>load<u32>(STATE_HEADS) + (<usize>bucket << 2);
}

/** Puts the head in the place of where it stands. */
@inline
function loadHead(desk: usize, k: u32): void {
  put(desk + DESK_ENTRY, k, atomic.load<u32>(get(desk + DESK_ENTRY, k)));
}

@inline
function entryAt(entry: u32): usize {
  return <usize>load<u32>(STATE_ENTRIES) + <usize>entry * ENTRY_BYTES;
}

@inline
function get(list: usize, i: u32): u32 {
  return load<u32>(list + (<usize>i << 2));
}

@inline
function put(list: usize, i: u32, value: u32): void {
  store<u32>(list + (<usize>i << 2), value);
}
