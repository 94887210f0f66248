import { strict as assert } from 'node:assert';

/**
 * Who holds which address when, as typed arrays over one shared buffer: (vpc, address) → entry → owner interface and
 * intervals [start, end) in Unix seconds → pod. Offsets only; workers attach, nothing is copied.
 */
export interface PodMapView {
  /** Entry of each interface's primary address, −1 = it has none. */
  readonly eniPrimaryEntry: Int32Array;
  /** Owner interface of each entry, −1 = not known. */
  readonly entryEni: Int32Array;
  /** 1 when the entry's address is its interface's primary one. */
  readonly entryIsPrimary: Uint8Array;
  /** Intervals of entry e: [entryFirst[e], entryFirst[e + 1]), ascending, not overlapping. */
  readonly entryFirst: Int32Array;
  readonly intervalStart: Uint32Array;
  readonly intervalEnd: Uint32Array;
  readonly intervalPod: Int32Array;
  /** Open addressing: entry or −1. Key of an entry: entryVpc (−1 = of any VPC) and entryWords (four words; IPv4 in the last). */
  readonly slots: Int32Array;
  readonly entryVpc: Int32Array;
  readonly entryWords: Uint32Array;
  /** 4, 128 for single addresses, else the prefix length of a delegated IPv6 prefix. */
  readonly entryLength: Uint8Array;
  /** IPv6 prefix lengths that occur among entries, longest first. */
  readonly prefixLengths: Int32Array;
  /** IPv4 CIDRs of VPC v: pairs (base, mask) at [vpcFirst[v], vpcFirst[v + 1]). */
  readonly vpcFirst: Int32Array;
  readonly vpcCidrs: Uint32Array;
  /** Seconds in which any pod lives on interface e: intervals [coverFirst[e], coverFirst[e + 1]), disjoint, ascending. */
  readonly coverFirst: Int32Array;
  readonly coverStart: Uint32Array;
  readonly coverEnd: Uint32Array;
  /** Every pod interval on interface e, hostNetwork pods on the primary one included: [eniFirst[e], eniFirst[e + 1]). */
  readonly eniFirst: Int32Array;
  readonly eniStart: Uint32Array;
  readonly eniEnd: Uint32Array;
  readonly eniPod: Int32Array;
  /** Listening ports: open addressing over pairs (owner key, protocol × 65,536 + port); owner 0 = empty. */
  readonly listenerKeys: Uint32Array;
}

type Section = Int32Array | Uint32Array | Uint8Array;
type SectionKind = 'i32' | 'u32' | 'u8';

/** Section order is the format: a change of it is a change of FORMAT_VERSION. */
const SECTIONS: readonly (readonly [keyof PodMapView, SectionKind])[] = [
  ['eniPrimaryEntry', 'i32'],
  ['entryEni', 'i32'],
  ['entryIsPrimary', 'u8'],
  ['entryFirst', 'i32'],
  ['intervalStart', 'u32'],
  ['intervalEnd', 'u32'],
  ['intervalPod', 'i32'],
  ['slots', 'i32'],
  ['entryVpc', 'i32'],
  ['entryWords', 'u32'],
  ['entryLength', 'u8'],
  ['prefixLengths', 'i32'],
  ['vpcFirst', 'i32'],
  ['vpcCidrs', 'u32'],
  ['coverFirst', 'i32'],
  ['coverStart', 'u32'],
  ['coverEnd', 'u32'],
  ['eniFirst', 'i32'],
  ['eniStart', 'u32'],
  ['eniEnd', 'u32'],
  ['eniPod', 'i32'],
  ['listenerKeys', 'u32'],
];

// header, u32 words: 0 magic, 1 version, 2 section count, 3 total bytes, then (byte offset, element count) a section
const MAGIC = 0x646f_7066; // "fpod"
const FORMAT_VERSION = 1;
const HEADER_WORDS = 4 + SECTIONS.length * 2;
const ALIGNMENT = 64;

/** The end of time in intervals: no end is known. */
export const FOREVER = 0xffff_ffff;

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
    new Uint8Array(buffer, at, source.byteLength).set(new Uint8Array(source.buffer, source.byteOffset, source.byteLength));
  });
  return { buffer, byteLength: total };
}

/** Views over a packed pod map; a buffer that is none fails with what was expected. */
export function attachPodMap(buffer: SharedArrayBuffer, byteOffset: number, byteLength: number): PodMapView {
  assert(byteOffset % ALIGNMENT === 0, `pod map: byte offset ${byteOffset} is not a multiple of ${ALIGNMENT}`);
  assert(byteLength >= HEADER_WORDS * 4, `pod map: ${byteLength} bytes are shorter than its header of ${HEADER_WORDS * 4}`);
  const header = new Uint32Array(buffer, byteOffset, HEADER_WORDS);
  assert(header[0] === MAGIC, `pod map: magic 0x${header[0]?.toString(16)} is not 0x${MAGIC.toString(16)}`);
  assert(header[1] === FORMAT_VERSION, `pod map: version ${header[1]}, expected ${FORMAT_VERSION}`);
  assert(header[2] === SECTIONS.length, `pod map: ${header[2]} sections, expected ${SECTIONS.length}`);
  assert(header[3] === byteLength, `pod map: says ${header[3]} bytes, got ${byteLength}`);
  const section = (name: keyof PodMapView): Section => {
    const i = SECTIONS.findIndex(([n]) => n === name);
    const kind = SECTIONS[i]?.[1] ?? 'u8';
    const at = header[4 + 2 * i] ?? 0;
    const length = header[5 + 2 * i] ?? 0;
    const bytes = length * (kind === 'u8' ? 1 : 4);
    assert(at % ALIGNMENT === 0 && at + bytes <= byteLength, `pod map: section ${name} [${at}, ${at + bytes}) leaves the map`);
    if (kind === 'i32') return new Int32Array(buffer, byteOffset + at, length);
    return kind === 'u32' ? new Uint32Array(buffer, byteOffset + at, length) : new Uint8Array(buffer, byteOffset + at, length);
  };
  const i32 = (name: keyof PodMapView): Int32Array => section(name) as Int32Array;
  const u32 = (name: keyof PodMapView): Uint32Array => section(name) as Uint32Array;
  const u8 = (name: keyof PodMapView): Uint8Array => section(name) as Uint8Array;
  return {
    eniPrimaryEntry: i32('eniPrimaryEntry'),
    entryEni: i32('entryEni'),
    entryIsPrimary: u8('entryIsPrimary'),
    entryFirst: i32('entryFirst'),
    intervalStart: u32('intervalStart'),
    intervalEnd: u32('intervalEnd'),
    intervalPod: i32('intervalPod'),
    slots: i32('slots'),
    entryVpc: i32('entryVpc'),
    entryWords: u32('entryWords'),
    entryLength: u8('entryLength'),
    prefixLengths: i32('prefixLengths'),
    vpcFirst: i32('vpcFirst'),
    vpcCidrs: u32('vpcCidrs'),
    coverFirst: i32('coverFirst'),
    coverStart: u32('coverStart'),
    coverEnd: u32('coverEnd'),
    eniFirst: i32('eniFirst'),
    eniStart: u32('eniStart'),
    eniEnd: u32('eniEnd'),
    eniPod: i32('eniPod'),
    listenerKeys: u32('listenerKeys'),
  };
}
