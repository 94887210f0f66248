import { strict as assert } from 'node:assert';

/**
 * Who holds which address when, as typed arrays over one shared buffer: (vpc, address) → entry → owner interface and
 * intervals [start, end) in Unix seconds → pod. Offsets only; workers attach, nothing is copied.
 */
export interface PodMapView {
  /** Entry of each interface's primary address, −1 = it has none. */
  readonly eniPrimaryEntry: Int32Array;
  /** VPC number of each interface. */
  readonly eniVpc: Int32Array;
  /** Owner interface of each entry, −1 = not known. */
  readonly entryEni: Int32Array;
  /** 1 when the entry's address is its interface's own: the primary one or a listed IPv6. */
  readonly entryIsOwn: Uint8Array;
  /**
   * ENTRY_STRIDE u32 words an entry, see EntryWord: what a look-up reads of it, in half a cache line.
   * Its intervals ascend in start and end; they overlap only from equal starts.
   */
  readonly entryRecords: Uint32Array;
  /**
   * End of every interval (exclusive, FOREVER = open) in Unix seconds: what a search reads, and nothing else.
   * INTERVALS_PADDING zeros behind them.
   */
  readonly intervalEnds: Uint32Array;
  /** INTERVAL_STRIDE u32 words an interval, see IntervalWord; INTERVALS_PADDING empty ones behind them. */
  readonly intervals: Uint32Array;
  /** Open addressing by VPC and address: entry or −1; a power of two, at most half full. */
  readonly slots: Int32Array;
  /** The same by address alone; one entry stands for those of several VPCs. */
  readonly anySlots: Int32Array;
  /** VPC number: index in Inventory.vpcs, above them VPCs that are only named. */
  readonly entryVpc: Int32Array;
  /** 1 when no other VPC of the inventory holds the address or a prefix around it, or has it in its CIDRs. */
  readonly entryIsOnly: Uint8Array;
  /** Number of each interface's instance, −1 = it has none, or is no node's and no pod's. */
  readonly eniHost: Int32Array;
  /** Bit p: a source names the node of pod p, and that node's instance is known. */
  readonly podIsTold: Uint8Array;
  /** Pairs (pod, number of its instance), ascending: pods told to be where no interface of theirs has their address. */
  readonly strays: Int32Array;
  /** 1 when one of the entry's pods is a stray. */
  readonly entryIsStray: Uint8Array;
  /** IPv6 prefix lengths that occur among entries, longest first. */
  readonly prefixLengths: Int32Array;
  /** IPv4 CIDRs of VPC v: pairs (base, mask) at [vpcFirst[v], vpcFirst[v + 1]). */
  readonly vpcFirst: Int32Array;
  readonly vpcCidrs: Uint32Array;
  /** IPv6 CIDRs of VPC v: four words of the base, then four of the mask, at [vpcFirst6[v], vpcFirst6[v + 1]). */
  readonly vpcFirst6: Int32Array;
  readonly vpcCidrs6: Uint32Array;
  /** Seconds in which any pod lives on interface e: [coverFirst[e], coverFirst[e + 1]), disjoint, ascending. */
  readonly coverFirst: Int32Array;
  readonly coverStart: Uint32Array;
  readonly coverEnd: Uint32Array;
  /** Entries that lie on interface e, delegated IPv6 prefixes included: [eniFirst[e], eniFirst[e + 1]). */
  readonly eniFirst: Int32Array;
  readonly eniEntry: Int32Array;
  /** HostNetwork pods at interface e, a node's primary one: [hostFirst[e], hostFirst[e + 1]), ascending in start. */
  readonly hostFirst: Int32Array;
  readonly hostStart: Uint32Array;
  readonly hostEnd: Uint32Array;
  readonly hostPod: Int32Array;
  /** Listening ports: open addressing over pairs (owner key, protocol × 65,536 + port); owner 0 = empty. */
  readonly listenerKeys: Uint32Array;
  /**
   * Bit (protocol is UDP) × 65,536 + port: somebody declares to listen there. Small enough to rule most ports out at
   * once.
   */
  readonly listenerPorts: Uint8Array;
}

/** Number of a VPC that nothing of the inventory names: it has no CIDRs and holds no address. */
export function strangeVpc({ vpcFirst }: PodMapView): number {
  return vpcFirst.length - 2;
}

/** Words of one entry record. */
export const EntryWord = {
  /** Four words of the address, big-endian word order; IPv4 in the last, the others 0. */
  address: 0,
  /**
   * VPC number, as in entryVpc, below LENGTH_UNIT × IPV4_ENTRY, 128 for single IPv6 addresses, else the prefix length
   * of a delegated IPv6 prefix.
   */
  space: 4,
  /**
   * The longest soft edges of its intervals, as in IntervalWord.soft: those that may touch a window are found by it,
   * without looking at all.
   */
  reach: 5,
  /** Index and number of its intervals. */
  first: 6,
  count: 7,
} as const;
export const ENTRY_STRIDE = 8;
export const LENGTH_UNIT: number = 2 ** 24;

/** Words of one interval besides its end. */
export const IntervalWord = {
  /** Unix seconds. */
  start: 0,
  pod: 1,
  /**
   * Seconds before its start × 65,536 + seconds after its end in which the pod possibly held the address too, SOFT_OPEN
   * = no bound is known.
   */
  soft: 2,
} as const;
export const INTERVAL_STRIDE = 3;
/** Ends are compared four at a time, and an interval is looked at with the two behind it. */
export const INTERVALS_PADDING = 3;

/** An interval with its soft edges; Unix seconds, FOREVER = open, 0 = no beginning is known. */
export interface PodMapInterval {
  readonly pod: number;
  readonly start: number;
  readonly end: number;
  readonly softStart: number;
  readonly softEnd: number;
}

/** Section order is the format: a change of it is a change of FORMAT_VERSION. */
const SECTIONS = [
  ['eniPrimaryEntry', 'i32'],
  ['eniVpc', 'i32'],
  ['entryEni', 'i32'],
  ['entryIsOwn', 'u8'],
  ['entryRecords', 'u32'],
  ['intervalEnds', 'u32'],
  ['intervals', 'u32'],
  ['slots', 'i32'],
  ['anySlots', 'i32'],
  ['entryVpc', 'i32'],
  ['entryIsOnly', 'u8'],
  ['eniHost', 'i32'],
  ['podIsTold', 'u8'],
  ['strays', 'i32'],
  ['entryIsStray', 'u8'],
  ['prefixLengths', 'i32'],
  ['vpcFirst', 'i32'],
  ['vpcCidrs', 'u32'],
  ['vpcFirst6', 'i32'],
  ['vpcCidrs6', 'u32'],
  ['coverFirst', 'i32'],
  ['coverStart', 'u32'],
  ['coverEnd', 'u32'],
  ['eniFirst', 'i32'],
  ['eniEntry', 'i32'],
  ['hostFirst', 'i32'],
  ['hostStart', 'u32'],
  ['hostEnd', 'u32'],
  ['hostPod', 'i32'],
  ['listenerKeys', 'u32'],
  ['listenerPorts', 'u8'],
] as const satisfies readonly (readonly [keyof PodMapView, 'i32' | 'u32' | 'u8'])[];

type SectionName = (typeof SECTIONS)[number][0];

// header, u32 words: 0 magic, 1 version, 2 section count, 3 total bytes, then (byte offset, element count) a section
const MAGIC = 0x646f_7066; // "fpod"
const FORMAT_VERSION = 6;
const HEADER_WORDS = 4 + SECTIONS.length * 2;
const ALIGNMENT = 64;

/** The end of time in intervals: no end is known. */
export const FOREVER = 0xffff_ffff;

/** A soft edge without a bound, and the longest one that has one, seconds. */
export const SOFT_OPEN = 0xffff;

function align(offset: number): number {
  return Math.ceil(offset / ALIGNMENT) * ALIGNMENT;
}

/** Lays the arrays out in one shared buffer. */
export function packPodMap(arrays: PodMapView): { readonly buffer: SharedArrayBuffer; readonly byteLength: number } {
  let total = align(HEADER_WORDS * 4);
  const offsets = SECTIONS.map(([name]) => {
    const at = total;
    total = align(at + arrays[name].byteLength);
    return at;
  });
  const buffer = new SharedArrayBuffer(total);
  const header = new Uint32Array(buffer, 0, HEADER_WORDS);
  header.set([MAGIC, FORMAT_VERSION, SECTIONS.length, total]);
  SECTIONS.forEach(([name], i) => {
    const source = arrays[name];
    const at = offsets[i] ?? 0;
    header.set([at, source.length], 4 + 2 * i);
    new Uint8Array(buffer, at, source.byteLength).set(
      new Uint8Array(source.buffer, source.byteOffset, source.byteLength),
    );
  });
  return { buffer, byteLength: total };
}

/**
 * Views over a packed pod map; nothing is copied. A buffer that is none fails with what was got and what was expected;
 * lengths that belong together are compared, so that no look-up leaves its array or runs for ever.
 */
export function attachPodMap(buffer: SharedArrayBuffer, byteOffset: number, byteLength: number): PodMapView {
  checkHeader(buffer, byteOffset, byteLength);
  const header = new Uint32Array(buffer, byteOffset, HEADER_WORDS);
  const place = (name: SectionName): { readonly at: number; readonly length: number } => {
    const i = SECTIONS.findIndex(([section]) => section === name);
    const [at = 0, length = 0] = header.subarray(4 + 2 * i, 6 + 2 * i);
    const end = at + length * (SECTIONS[i]?.[1] === 'u8' ? 1 : 4);
    const isInside = at % ALIGNMENT === 0 && at >= HEADER_WORDS * 4 && end <= byteLength;
    assert(isInside, `pod map: section ${name} takes bytes ${at} to ${end} of ${byteLength}, aligned to ${ALIGNMENT}`);
    return { at: byteOffset + at, length };
  };
  const i32 = (name: SectionName): Int32Array => new Int32Array(buffer, place(name).at, place(name).length);
  const u32 = (name: SectionName): Uint32Array => new Uint32Array(buffer, place(name).at, place(name).length);
  const u8 = (name: SectionName): Uint8Array => new Uint8Array(buffer, place(name).at, place(name).length);
  const view: PodMapView = {
    eniPrimaryEntry: i32('eniPrimaryEntry'),
    eniVpc: i32('eniVpc'),
    entryEni: i32('entryEni'),
    entryIsOwn: u8('entryIsOwn'),
    entryRecords: u32('entryRecords'),
    intervalEnds: u32('intervalEnds'),
    intervals: u32('intervals'),
    slots: i32('slots'),
    anySlots: i32('anySlots'),
    entryVpc: i32('entryVpc'),
    entryIsOnly: u8('entryIsOnly'),
    eniHost: i32('eniHost'),
    podIsTold: u8('podIsTold'),
    strays: i32('strays'),
    entryIsStray: u8('entryIsStray'),
    prefixLengths: i32('prefixLengths'),
    vpcFirst: i32('vpcFirst'),
    vpcCidrs: u32('vpcCidrs'),
    vpcFirst6: i32('vpcFirst6'),
    vpcCidrs6: u32('vpcCidrs6'),
    coverFirst: i32('coverFirst'),
    coverStart: u32('coverStart'),
    coverEnd: u32('coverEnd'),
    eniFirst: i32('eniFirst'),
    eniEntry: i32('eniEntry'),
    hostFirst: i32('hostFirst'),
    hostStart: u32('hostStart'),
    hostEnd: u32('hostEnd'),
    hostPod: i32('hostPod'),
    listenerKeys: u32('listenerKeys'),
    listenerPorts: u8('listenerPorts'),
  };
  checkLengths(view);
  return view;
}

function checkHeader(buffer: SharedArrayBuffer, byteOffset: number, byteLength: number): void {
  const least = HEADER_WORDS * 4;
  assert(byteOffset % ALIGNMENT === 0, `pod map: byte offset ${byteOffset} is not a multiple of ${ALIGNMENT}`);
  assert(byteLength >= least, `pod map: ${byteLength} bytes are shorter than its header of ${least}`);
  const end = byteOffset + byteLength;
  assert(end <= buffer.byteLength, `pod map: ends at byte ${end} of a buffer of ${buffer.byteLength}`);
  const [magic = 0, version, sections, total] = new Uint32Array(buffer, byteOffset, 4);
  assert(magic === MAGIC, `pod map: magic 0x${magic.toString(16)} is not 0x${MAGIC.toString(16)}`);
  assert(version === FORMAT_VERSION, `pod map: version ${version}, expected ${FORMAT_VERSION}`);
  assert(sections === SECTIONS.length, `pod map: ${sections} sections, expected ${SECTIONS.length}`);
  assert(total === byteLength, `pod map: says ${total} bytes, got ${byteLength}`);
}

/** Bits of listenerPorts: all TCP ports, then all UDP ports. */
export const LISTENER_PORT_BYTES: number = (2 * 65_536) / 8;

function checkLengths(view: PodMapView): void {
  const same = (name: SectionName, expected: number): void => {
    const { length } = view[name];
    assert(length === expected, `pod map: section ${name} has ${length} elements, expected ${expected}`);
  };
  const lists = (
    first: 'vpcFirst' | 'vpcFirst6' | 'coverFirst' | 'eniFirst' | 'hostFirst',
    of: SectionName,
    width = 1,
  ): void => same(of, (view[first].at(-1) ?? 0) * width);
  const entries = view.entryEni.length;
  const enis = view.eniPrimaryEntry.length;
  same('entryIsOwn', entries);
  same('entryVpc', entries);
  same('entryRecords', entries * ENTRY_STRIDE);
  const last = (entries - 1) * ENTRY_STRIDE;
  const held = (view.entryRecords[last + EntryWord.first] ?? 0) + (view.entryRecords[last + EntryWord.count] ?? 0);
  same('intervalEnds', held + INTERVALS_PADDING);
  same('intervals', (held + INTERVALS_PADDING) * INTERVAL_STRIDE);
  same('entryIsOnly', entries);
  same('entryIsStray', entries);
  same('eniHost', enis);
  same('listenerPorts', LISTENER_PORT_BYTES);
  same('eniVpc', enis);
  same('coverFirst', enis + 1);
  same('eniFirst', enis + 1);
  same('vpcFirst6', view.vpcFirst.length);
  for (const of of ['coverStart', 'coverEnd'] as const) lists('coverFirst', of);
  same('hostFirst', enis + 1);
  lists('eniFirst', 'eniEntry');
  for (const of of ['hostStart', 'hostEnd', 'hostPod'] as const) lists('hostFirst', of);
  lists('vpcFirst', 'vpcCidrs', 2);
  lists('vpcFirst6', 'vpcCidrs6', 8);
  for (const name of ['slots', 'anySlots', 'listenerKeys'] as const) {
    const slots = name === 'listenerKeys' ? view[name].length / 2 : view[name].length;
    const isTable = slots >= 2 && Number.isInteger(Math.log2(slots)) && (name === 'listenerKeys' || slots > entries);
    assert(isTable, `pod map: section ${name} has ${slots} slots, expected a power of two above ${entries} entries`);
  }
}
