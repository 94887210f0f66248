/** The look-ups of pods/lookup.ts over the kernel's memory: who owns an address. */
import { i32At, u32At, u8At } from './cells';
import {
  ENTRY_SPACE,
  ENTRY_STRIDE,
  INTERFACE_COVER_END,
  INTERFACE_COVER_FIRST,
  IPV4_ENTRY,
  LENGTH_UNIT,
} from './codes';
import { eniWord } from './rules';
import { Tables } from './tables';

const ANY_VPC: i32 = -1;

@inline
function hashKey(vpc: i32, w0: u32, w1: u32, w2: u32, w3: u32, length: u32): u32 {
  let h = (<u32>vpc ^ (length << 16)) * 0x9e37_79b1;
  h = (h ^ w0) * 0x85eb_ca6b;
  h = (h ^ (h >> 15) ^ w1) * 0xc2b2_ae35;
  h = (h ^ (h >> 13) ^ w2) * 0x85eb_ca6b;
  h = (h ^ (h >> 15) ^ w3) * 0xc2b2_ae35;
  return h ^ (h >> 16);
}

/** The VPC asked about last, and what its number adds to the hash of every IPv4 address: nearly all are of one. */
let seededVpc: i32 = ANY_VPC;
let seed: u32 = seedOf(ANY_VPC);

/** The part of hashKey for an IPv4 entry that does not depend on the address: its first three words are 0. */
function seedOf(vpc: i32): u32 {
  let h = (<u32>vpc ^ (IPV4_ENTRY << 16)) * 0x9e37_79b1;
  h *= 0x85eb_ca6b;
  h = (h ^ (h >> 15)) * 0xc2b2_ae35;
  h = (h ^ (h >> 13)) * 0x85eb_ca6b;
  return h ^ (h >> 15);
}

@inline
function hash4(vpc: i32, address: u32): u32 {
  if (vpc != seededVpc) {
    seededVpc = vpc;
    seed = seedOf(vpc);
  }
  const h = (seed ^ address) * 0xc2b2_ae35;
  return h ^ (h >> 16);
}

@inline
export function entryRecord(tables: Tables, entry: u32): usize {
  return tables.entryRecords + (<usize>(entry * ENTRY_STRIDE) << 2);
}

@inline
function isOf(record: usize, vpc: i32, length: u32): bool {
  const space = load<u32>(record, ENTRY_SPACE * 4);
  return vpc < 0 ? space / LENGTH_UNIT == length : space == length * LENGTH_UNIT + vpc;
}

/** Loads the words that ownerEntry4 reads first; what they are means nothing. */
@inline
export function touchSlot4(tables: Tables, vpc: i32, address: u32): i32 {
  const slots = vpc < 0 ? tables.anySlots : tables.slots;
  return i32At(slots, hash4(vpc, address) & (vpc < 0 ? tables.anySlotMask : tables.slotMask));
}

/** `vpc` −1 finds the entry of any VPC: the caller asks whether it is the only one. */
function find4(tables: Tables, vpc: i32, address: u32): i32 {
  const slots = vpc < 0 ? tables.anySlots : tables.slots;
  const mask = vpc < 0 ? tables.anySlotMask : tables.slotMask;
  let slot = hash4(vpc, address) & mask;
  for (let entry = i32At(slots, slot); entry >= 0; entry = i32At(slots, slot)) {
    const at = entryRecord(tables, entry);
    if (load<u32>(at, 12) == address && isOf(at, vpc, IPV4_ENTRY)) return entry;
    slot = (slot + 1) & mask;
  }
  return -1;
}

function find6(tables: Tables, vpc: i32, w0: u32, w1: u32, w2: u32, w3: u32, length: u32): i32 {
  const slots = vpc < 0 ? tables.anySlots : tables.slots;
  const mask = vpc < 0 ? tables.anySlotMask : tables.slotMask;
  let slot = hashKey(vpc, w0, w1, w2, w3, length) & mask;
  for (let entry = i32At(slots, slot); entry >= 0; entry = i32At(slots, slot)) {
    const at = entryRecord(tables, entry);
    const low = load<u32>(at, 12) == w3 && load<u32>(at, 8) == w2;
    if (low && load<u32>(at, 4) == w1 && load<u32>(at) == w0 && isOf(at, vpc, length)) return entry;
    slot = (slot + 1) & mask;
  }
  return -1;
}

@inline
function wordMask(bits: i32): u32 {
  return bits <= 0 ? 0 : bits >= 32 ? 0xffff_ffff : 0xffff_ffff << (32 - bits);
}

/** The address itself, else the longest delegated prefix that contains it. */
function findOrPrefix6(tables: Tables, vpc: i32, at: usize): i32 {
  const w0 = load<u32>(at);
  const w1 = load<u32>(at, 4);
  const w2 = load<u32>(at, 8);
  const w3 = load<u32>(at, 12);
  let entry = find6(tables, vpc, w0, w1, w2, w3, 128);
  for (let i: u32 = 0; entry < 0 && i < tables.prefixLengthCount; i++) {
    const length = i32At(tables.prefixLengths, i);
    const m1 = w1 & wordMask(length - 32);
    const m2 = w2 & wordMask(length - 64);
    entry = find6(tables, vpc, w0 & wordMask(length), m1, m2, w3 & wordMask(length - 96), length);
  }
  return entry;
}

/** Entry of an IPv4 address seen from VPC `vpc` (−1 = not known), −1 = nobody's; see pods/lookup.ts. */
export function ownerEntry4(tables: Tables, vpc: i32, address: u32): i32 {
  if (vpc >= 0) {
    const entry = find4(tables, vpc, address);
    if (entry >= 0 || !isVpcDescribed(tables, vpc) || isInVpc4(tables, vpc, address)) return entry;
  } else if (tables.vpcCidrWords == 0) return -1;
  const entry = find4(tables, ANY_VPC, address);
  return entry >= 0 && u8At(tables.entryIsOnly, entry) == 1 ? entry : -1;
}

/** The same for an IPv6 address whose four words stand at `at`. */
export function ownerEntry6(tables: Tables, vpc: i32, at: usize): i32 {
  if (vpc >= 0) {
    const entry = findOrPrefix6(tables, vpc, at);
    if (entry >= 0 || !isVpcDescribed(tables, vpc) || isInVpc6(tables, vpc, at)) return entry;
  } else if (tables.vpcCidrWords == 0) return -1;
  // the longest match decides: were a shorter one of another VPC around it, it would not be the only one
  const entry = findOrPrefix6(tables, ANY_VPC, at);
  return entry >= 0 && u8At(tables.entryIsOnly, entry) == 1 ? entry : -1;
}

/** Every VPC has an IPv4 CIDR: one without any is only named. */
export function isVpcDescribed(tables: Tables, vpc: u32): bool {
  return i32At(tables.vpcFirst, vpc) < i32At(tables.vpcFirst, vpc + 1);
}

export function isInVpc4(tables: Tables, vpc: u32, address: u32): bool {
  const last = u32At(tables.vpcFirst, vpc + 1);
  for (let i = u32At(tables.vpcFirst, vpc); i < last; i++) {
    if (((address ^ u32At(tables.vpcCidrs, 2 * i)) & u32At(tables.vpcCidrs, 2 * i + 1)) == 0) return true;
  }
  return false;
}

export function isInVpc6(tables: Tables, vpc: u32, at: usize): bool {
  const last = u32At(tables.vpcFirst6, vpc + 1);
  for (let i = u32At(tables.vpcFirst6, vpc); i < last; i++) {
    if (isInBlock6(at, tables.vpcCidrs6 + (<usize>i << 5))) return true;
  }
  return false;
}

/** True when the four address words at `at` lie in the block at `block`: four words of its base, four of its mask. */
export function isInBlock6(at: usize, block: usize): bool {
  let differs: u32 = 0;
  for (let w: usize = 0; w < 16; w += 4) {
    differs |= (load<u32>(at + w) ^ load<u32>(block + w)) & load<u32>(block + w, 16);
  }
  return differs == 0;
}

/** True when the entry's address is interface `eni`'s own: what logs another one's address does not answer there. */
@inline
export function isOwnAddress(tables: Tables, entry: u32, eni: i32): bool {
  return u8At(tables.entryIsOwn, entry) == 1 && i32At(tables.entryEni, entry) == eni;
}

/** Last second of a window (exclusive): an instant counts as its second. */
@inline
export function windowEnd(start: u32, end: u32): i64 {
  return max(<i64>max(start, end), <i64>min(start, end) + 1);
}

/** True when some pod lives on the interface at some second of the window. */
export function hasPodsOnInterface(tables: Tables, eni: u32, start: u32, end: u32): bool {
  const from = min(start, end);
  let a = <u32>eniWord(tables, eni, INTERFACE_COVER_FIRST);
  let b = <u32>eniWord(tables, eni, INTERFACE_COVER_END);
  const last = b;
  while (a < b) {
    const middle = (a + b) >> 1;
    if (u32At(tables.coverEnd, middle) > from) b = middle;
    else a = middle + 1;
  }
  return a < last && <i64>u32At(tables.coverStart, a) < windowEnd(start, end);
}

/** Owner keys of the listener table; see pods/listeners.ts. */
const SEEN_BASE: u32 = 0x4000_0000;
const HIDDEN_BASE: u32 = 0x8000_0000;

@inline
export function podKey(pod: u32): u32 {
  return pod + 1;
}

@inline
export function nodeKey(eni: u32): u32 {
  return SEEN_BASE + eni;
}

@inline
export function hiddenKey(eni: u32): u32 {
  return HIDDEN_BASE + eni;
}

/** True when anybody declares to listen on (protocol, port): rules most ports out without asking whose they are. */
@inline
export function isListenerPort(tables: Tables, isUdp: bool, port: u32): bool {
  const bit = (isUdp ? <u32>65_536 : 0) + port;
  return (u8At(tables.listenerPorts, bit >> 3) & (<u32>1 << (bit & 7))) != 0;
}

/** Where (owner key, protocol and port) stands in a table, but for its mask. */
@inline
export function ownerSlot(owner: u32, word: u32): u32 {
  const h = (owner ^ (word * 0x9e37_79b1)) * 0x85eb_ca6b;
  return h ^ (h >> 15);
}

/** True when the owner declares to listen on (protocol, port). */
export function hasListener(tables: Tables, owner: u32, protocol: u32, port: u32): bool {
  const keys = tables.listenerKeys;
  const mask = tables.listenerMask;
  const word = protocol * 65_536 + port;
  let slot = ownerSlot(owner, word) & mask;
  for (let key = u32At(keys, slot * 2); key != 0; key = u32At(keys, slot * 2)) {
    if (key == owner && u32At(keys, slot * 2 + 1) == word) return true;
    slot = (slot + 1) & mask;
  }
  return false;
}
