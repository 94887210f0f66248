import { put32, u32At, u8At } from '../classify/cells';
import { EFFECTIVE_PACKET, EFFECTIVE_PAIRED, EFFECTIVE_RECORD, V6_PER_ROW } from '../classify/codes';

/** Bytes of a record: family u32, then one word or four. */
const RECORD_BYTES: usize = 20;

/** The addresses of a worker, as `sink/address-ids.ts` lays them out: numbered from 1 on in order of appearance. */
@unmanaged
class Addresses {
  /** Open addressing, u64 a slot: address or hash in the low half, id in the high one; 0 = free. */
  slots4: usize;
  slots6: usize;
  mask: u32;
  /** Records by id. */
  records: usize;
  count: u32;
  /** Ids that there is room for. */
  limit: u32;
}

/** An address field of a batch. */
@unmanaged
class Field {
  bit: u32;
  v6Bit: u32;
  values: usize;
  /** First of the four words of IPv6 in the row's sixteen. */
  v6Word: u32;
  /** Another field that mostly holds the same addresses, and its ids: used where `likeMask` leaves `likeBits`. */
  likeMask: u32;
  likeBits: u32;
  likeValues: usize;
  likeIds: usize;
}

@inline
function hash(word: u32): u32 {
  const h = (word ^ (word >> 16)) * 0x85eb_ca6b;
  return h ^ (h >> 13);
}

@inline
function hash6(low: u64, high: u64): u32 {
  return hash(<u32>low ^ hash(<u32>(low >> 32) ^ hash(<u32>high ^ hash(<u32>(high >> 32)))));
}

@inline
function recordOf(table: Addresses, id: u32): usize {
  return table.records + RECORD_BYTES * <usize>id;
}

@inline
function slotAt(slots: usize, slot: u32): usize {
  return slots + (<usize>slot << 3);
}

@inline
function idOf(table: Addresses, word: u32): u32 {
  const mask = table.mask;
  let slot = hash(word) & mask;
  for (;;) {
    const entry = load<u64>(slotAt(table.slots4, slot));
    const id = <u32>(entry >> 32);
    if (id == 0) break;
    if (<u32>entry == word) return id;
    slot = (slot + 1) & mask;
  }
  return add4(table, word, slot);
}

function add4(table: Addresses, word: u32, slot: u32): u32 {
  const id = ++table.count;
  const record = recordOf(table, id);
  store<u32>(record, 4);
  store<u32>(record, word, 4);
  store<u64>(slotAt(table.slots4, slot), <u64>word | (<u64>id << 32));
  return id;
}

function idOf6(table: Addresses, words: usize): u32 {
  const low = load<u64>(words);
  const high = load<u64>(words, 8);
  const h = hash6(low, high);
  const mask = table.mask;
  let slot = h & mask;
  for (;;) {
    const entry = load<u64>(slotAt(table.slots6, slot));
    const id = <u32>(entry >> 32);
    if (id == 0) break;
    const record = recordOf(table, id);
    if (<u32>entry == h && load<u64>(record, 4) == low && load<u64>(record, 12) == high) return id;
    slot = (slot + 1) & mask;
  }
  const id = ++table.count;
  const record = recordOf(table, id);
  store<u32>(record, 6);
  store<u64>(record, low, 4);
  store<u64>(record, high, 12);
  store<u64>(slotAt(table.slots6, slot), <u64>h | (<u64>id << 32));
  return id;
}

/** Ids of a field of the rows from `from` on, 0 = no address. Returns the row that it stopped before, without room. */
export function addressIds(
  table: Addresses,
  field: Field,
  present: usize,
  v6: usize,
  ids: usize,
  from: u32,
  rows: u32,
): u32 {
  const bit = field.bit;
  const either = bit | field.v6Bit;
  const likeMask = field.likeMask;
  const likeBits = field.likeBits;
  const values = field.values;
  let i = from;
  for (; i < rows && table.count < table.limit; i++) {
    const bits = u32At(present, i);
    let id: u32 = 0;
    if (likeMask != 0 && (bits & likeMask) == likeBits && u32At(values, i) == u32At(field.likeValues, i)) {
      id = u32At(field.likeIds, i);
    } else if ((bits & either) == bit) id = idOf(table, u32At(values, i));
    else if ((bits & bit) != 0) id = idOf6(table, v6 + (<usize>(i * V6_PER_ROW + field.v6Word) << 2));
    put32(ids, i, id);
  }
  return i;
}

/** Ids of the effective address of a side: that of the record, of the packet, or the one that pairing found. */
export function effectiveIds(
  table: Addresses,
  where: usize,
  record: usize,
  packet: usize,
  paired: usize,
  ids: usize,
  from: u32,
  rows: u32,
): u32 {
  let i = from;
  for (; i < rows && table.count < table.limit; i++) {
    const place = u8At(where, i);
    let id: u32 = 0;
    if (place == EFFECTIVE_RECORD) id = u32At(record, i);
    else if (place == EFFECTIVE_PACKET) id = u32At(packet, i);
    else if (place == EFFECTIVE_PAIRED) id = idOf(table, u32At(paired, i));
    put32(ids, i, id);
  }
  return i;
}

/** Puts all ids into slots that are clear. */
export function placeAddresses(table: Addresses): void {
  const mask = table.mask;
  for (let id: u32 = 1; id <= table.count; id++) {
    const record = recordOf(table, id);
    const is4 = load<u32>(record) == 4;
    const key = is4 ? load<u32>(record, 4) : hash6(load<u64>(record, 4), load<u64>(record, 12));
    const slots = is4 ? table.slots4 : table.slots6;
    let slot = (is4 ? hash(key) : key) & mask;
    while (load<u64>(slotAt(slots, slot)) != 0) slot = (slot + 1) & mask;
    store<u64>(slotAt(slots, slot), <u64>key | (<u64>id << 32));
  }
}
