import { createRequire } from 'node:module';
import { isIPv4 } from 'node:net';
import type * as IpNum from 'ip-num';

/**
 * An address in binary: one u32 word for IPv4, four big-endian u32 words for IPv6.
 * ip-num validates CIDRs and IPv6 here, at the cold edge (2–17 µs each); records are decoded from bytes elsewhere.
 */
export type Address =
  | { readonly family: 4; readonly words: readonly [number] }
  | { readonly family: 6; readonly words: readonly [number, number, number, number] };

/** A CIDR block with its host bits cleared; `length` is the prefix length, 0–32 or 0–128. */
export type Cidr = Address & { readonly length: number };

const WORD = 0xffff_ffffn;
/** Character codes of `.` and `0`. */
const [DOT, DIGIT_0] = [46, 48] as const;
const DOTTED = /^\d{1,3}(\.\d{1,3}){3}$/;

/** Loaded when a CIDR or IPv6 text is first met: workers meet none, and its start is a good part of theirs. */
let loaded: typeof IpNum | undefined;
function ipNum(): typeof IpNum {
  loaded ??= createRequire(import.meta.url)('ip-num') as typeof IpNum;
  return loaded;
}

function splitIpv6(value: bigint): readonly [number, number, number, number] {
  const word = (shift: bigint): number => Number((value >> shift) & WORD);
  return [word(96n), word(64n), word(32n), word(0n)];
}

/**
 * Parses an IPv4 or IPv6 address; `undefined` when the text is none. Zone ids and octets with a leading zero are
 * refused.
 */
export function parseAddress(text: string): Address | undefined {
  try {
    if (isIPv4(text)) return { family: 4, words: [dottedWord(text)] };
    if (!text.includes(':') || text.includes('%')) return undefined;
    return { family: 6, words: splitIpv6(ipNum().IPv6.fromString(text).getValue()) };
  } catch {
    return undefined;
  }
}

/** The u32 of dotted decimal that is known to be valid. */
function dottedWord(text: string): number {
  let word = 0;
  let octet = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === DOT) {
      word = word * 256 + octet;
      octet = 0;
    } else octet = octet * 10 + code - DIGIT_0;
  }
  return word * 256 + octet;
}

/**
 * Parses `address/length` and clears the host bits (100.68.0.18/18 → 100.68.0.0/18); `undefined` when it is no CIDR.
 */
export function parseCidr(text: string): Cidr | undefined {
  const match = /^([0-9a-fA-F:.]+)\/(0|[1-9]\d{0,2})$/.exec(text);
  if (match?.[1] === undefined) return undefined;
  try {
    if (DOTTED.test(match[1])) {
      const range = ipNum().IPv4CidrRange.fromCidr(text);
      return { family: 4, words: [Number(range.getFirst().getValue())], length: Number(range.getPrefix().getValue()) };
    }
    if (!match[1].includes(':')) return undefined;
    const range = ipNum().IPv6CidrRange.fromCidr(text);
    return { family: 6, words: splitIpv6(range.getFirst().getValue()), length: Number(range.getPrefix().getValue()) };
  } catch {
    return undefined;
  }
}

export function sameAddress(a: Address, b: Address): boolean {
  if (a.family === 4 || b.family === 4) return a.family === b.family && a.words[0] === b.words[0];
  return a.words.every((word, i) => word === b.words[i]);
}

/** The single address as a CIDR: /32 or /128. */
export function hostCidr(address: Address): Cidr {
  const { family, words } = address;
  return family === 4 ? { family, words, length: 32 } : { family, words, length: 128 };
}

/** True when `address` is of the same family as `cidr` and inside it. */
export function cidrContains(cidr: Cidr, address: Address): boolean {
  if (cidr.family !== address.family) return false;
  let bits = cidr.length;
  for (let i = 0; bits > 0; i++, bits -= 32) {
    const mask = bits >= 32 ? 0xffff_ffff : -(2 ** (32 - bits)) >>> 0;
    const a = (cidr.words as readonly number[])[i] ?? 0;
    const b = (address.words as readonly number[])[i] ?? 0;
    if (((a ^ b) & mask) !== 0) return false;
  }
  return true;
}

/** Dotted decimal of a u32. */
export function formatIpv4(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
}

/** RFC 5952 text: lower case, the longest run (≥ 2, first of equals) of zero groups as `::`. */
export function formatIpv6(w0: number, w1: number, w2: number, w3: number): string {
  const groups: number[] = [];
  for (const word of [w0, w1, w2, w3]) groups.push(word >>> 16, word & 0xffff);
  let bestStart = -1;
  let bestLength = 1;
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (i + length < 8 && groups[i + length] === 0) length++;
    if (length > bestLength) {
      bestStart = i;
      bestLength = length;
    }
    if (length > 0) i += length - 1;
  }
  const hex = groups.map((group) => group.toString(16));
  if (bestStart < 0) return hex.join(':');
  return `${hex.slice(0, bestStart).join(':')}::${hex.slice(bestStart + bestLength).join(':')}`;
}

export function formatAddress(address: Address): string {
  return address.family === 4 ? formatIpv4(address.words[0]) : formatIpv6(...address.words);
}

/** Canonical text of a CIDR, as it stands in rule ids and route prefixes. */
export function formatCidr(cidr: Cidr): string {
  return `${formatAddress(cidr)}/${cidr.length}`;
}
