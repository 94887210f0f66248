/** Addresses of the oracle: text and BigInt, written apart from src/model/ip on purpose. */

export interface OracleAddress {
  readonly family: 4 | 6;
  readonly value: bigint;
  /** Canonical text: dotted decimal, or RFC 5952. */
  readonly text: string;
}

export interface OracleCidr {
  readonly family: 4 | 6;
  /** First and last address, both inside. */
  readonly first: bigint;
  readonly last: bigint;
  readonly length: number;
  /** Canonical text, host bits cleared. */
  readonly text: string;
}

const memo = new Map<string, OracleAddress | null>();

/** The address a text names, or null when it names none. Remembered by text: a pure function. */
export function address(text: string): OracleAddress | null {
  let found = memo.get(text);
  if (found === undefined) {
    if (memo.size > 1_000_000) memo.clear();
    found = text.includes(':') ? readIpv6(text) : readIpv4(text);
    memo.set(text, found);
  }
  return found;
}

function readIpv4(text: string): OracleAddress | null {
  const parts = text.split('.');
  if (parts.length !== 4) return null;
  let value = 0n;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return null;
    value = value * 256n + BigInt(part);
  }
  return { family: 4, value, text };
}

function readIpv6(text: string): OracleAddress | null {
  let rest = text.toLowerCase();
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(rest);
  if (dotted?.[1] !== undefined && dotted[2] !== undefined) {
    const tail = readIpv4(dotted[2]);
    if (tail === null) return null;
    rest = `${dotted[1]}${(tail.value >> 16n).toString(16)}:${(tail.value & 0xffffn).toString(16)}`;
  }
  const halves = rest.split('::');
  if (halves.length > 2) return null;
  const groups = (half: string | undefined): string[] => (half === undefined || half === '' ? [] : half.split(':'));
  const head = groups(halves[0]);
  const tail = groups(halves[1]);
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null;
  const all = [...head, ...new Array<string>(halves.length === 1 ? 0 : missing).fill('0'), ...tail];
  let value = 0n;
  for (const group of all) {
    if (!/^[0-9a-f]{1,4}$/.test(group)) return null;
    value = value * 65536n + BigInt(`0x${group}`);
  }
  return { family: 6, value, text: writeAddress(6, value) };
}

/**
 * Text of a value: dotted decimal for 4; for 6 the longest run of ≥ 2 zero groups (the first of equals) becomes
 * `::`.
 */
function writeAddress(family: 4 | 6, value: bigint): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.');
  const groups: string[] = [];
  for (let shift = 112n; shift >= 0n; shift -= 16n) groups.push(((value >> shift) & 0xffffn).toString(16));
  let best = { at: -1, count: 1 };
  for (let at = 0; at < 8; at++) {
    let count = 0;
    while (groups[at + count] === '0') count++;
    if (count > best.count) best = { at, count };
  }
  if (best.at < 0) return groups.join(':');
  return `${groups.slice(0, best.at).join(':')}::${groups.slice(best.at + best.count).join(':')}`;
}

/** The block a text names (`a/n`, or a single address), host bits cleared; null when it names none. */
export function cidr(text: string): OracleCidr | null {
  const [host, bits] = text.split('/');
  const at = address(host ?? '');
  if (at === null) return null;
  const width = at.family === 4 ? 32 : 128;
  const length = bits === undefined ? width : Number(bits);
  if (!Number.isInteger(length) || length < 0 || length > width) return null;
  const size = 1n << BigInt(width - length);
  const first = (at.value / size) * size;
  return {
    family: at.family,
    first,
    last: first + size - 1n,
    length,
    text: `${writeAddress(at.family, first)}/${length}`,
  };
}

export function inside(block: OracleCidr, at: OracleAddress): boolean {
  return block.family === at.family && block.first <= at.value && at.value <= block.last;
}

/** Smaller text first, by code unit. */
export function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
