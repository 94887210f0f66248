const ZERO = 48;
const DOT = 46;
const COLON = 58;

/** Result of parseIpv4 for text that is no IPv4 address. */
export const NOT_IPV4 = -1;

/** u32 of the dotted decimal bytes[from, to), NOT_IPV4 when they are none; octets with a leading zero are refused. */
export function parseIpv4(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  let octet = 0;
  let digits = 0;
  let dots = 0;
  for (let i = from; i < to; i++) {
    const digit = bytes[i]! - ZERO;
    if (digit >= 0 && digit <= 9) {
      if (digits > 0 && octet === 0) return NOT_IPV4;
      octet = octet * 10 + digit;
      if (++digits > 3 || octet > 255) return NOT_IPV4;
    } else if (bytes[i] === DOT && digits > 0 && dots < 3) {
      value = value * 256 + octet;
      octet = 0;
      digits = 0;
      dots++;
    } else {
      return NOT_IPV4;
    }
  }
  return dots === 3 && digits > 0 ? value * 256 + octet : NOT_IPV4;
}

const groups = new Uint16Array(8);

/**
 * Writes the IPv6 address in bytes[from, to) (RFC 4291 text, `::` and embedded IPv4 included) as four big-endian
 * words to words[at …]; false when it is none.
 */
export function parseIpv6(bytes: Uint8Array, from: number, to: number, words: Uint32Array, at: number): boolean {
  let count = 0;
  let gap = -1;
  let i = from;
  if (bytes[i] === COLON) {
    if (bytes[i + 1] !== COLON) return false;
    gap = 0;
    i += 2;
  }
  while (i < to) {
    if (count >= 8) return false;
    const end = groupEnd(bytes, i, to);
    if (end < to && bytes[end] === DOT) {
      const tail = parseIpv4(bytes, i, to);
      if (tail === NOT_IPV4 || count > 6) return false;
      groups[count++] = tail >>> 16;
      groups[count++] = tail & 0xffff;
      i = to;
      break;
    }
    const group = parseHex(bytes, i, end);
    if (group < 0) return false;
    groups[count++] = group;
    if (end === to) {
      i = to;
      break;
    }
    if (bytes[end] !== COLON || end + 1 === to) return false;
    i = end + 1;
    if (bytes[i] === COLON) {
      if (gap >= 0) return false;
      gap = count;
      i++;
    }
  }
  if (gap < 0 ? count !== 8 : count > 7) return false;
  return writeGroups(count, gap, words, at);
}

function groupEnd(bytes: Uint8Array, from: number, to: number): number {
  let i = from;
  while (i < to && bytes[i] !== COLON && bytes[i] !== DOT) i++;
  return i;
}

/** Moves the groups after the gap to the end, zeros between, and packs pairs into words. */
function writeGroups(count: number, gap: number, words: Uint32Array, at: number): boolean {
  const after = gap < 0 ? 0 : count - gap;
  for (let w = 0; w < 4; w++) {
    let word = 0;
    for (let g = 2 * w; g < 2 * w + 2; g++) {
      const before = gap < 0 || g < gap;
      const value = before ? groups[g]! : g >= 8 - after ? groups[g - (8 - count)]! : 0;
      word = word * 65_536 + value;
    }
    words[at + w] = word;
  }
  return true;
}

function parseHex(bytes: Uint8Array, from: number, to: number): number {
  if (to === from || to - from > 4) return -1;
  let value = 0;
  for (let i = from; i < to; i++) {
    const c = bytes[i]!;
    const digit = c >= ZERO && c <= 57 ? c - ZERO : (c | 32) >= 97 && (c | 32) <= 102 ? (c | 32) - 87 : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}
