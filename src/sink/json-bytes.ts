import { formatIpv6 } from '../model/ip.ts';

const ZERO = 0x30;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const BYTES_AT_FIRST = 1 << 20;

/** Longest text of each kind, for room checks. */
const U64_BYTES = 20;
const IPV4_BYTES = 15;

const BILLION = 1_000_000_000;

/** A growing byte buffer that JSON is written into; kept from batch to batch. */
export class JsonBytes {
  private bytes: Buffer = Buffer.allocUnsafeSlow(BYTES_AT_FIRST);
  private at = 0;

  /** The bytes written since the last call; valid until the next write. */
  take(): Uint8Array {
    const taken = this.bytes.subarray(0, this.at);
    this.at = 0;
    return taken;
  }

  private reserve(count: number): void {
    if (this.at + count <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.at + count));
    this.bytes.copy(grown, 0, 0, this.at);
    this.bytes = grown;
  }

  /** Bytes that are JSON already. */
  raw(fragment: Uint8Array): void {
    this.reserve(fragment.length);
    this.bytes.set(fragment, this.at);
    this.at += fragment.length;
  }

  /** Bytes written and not taken yet. */
  get length(): number {
    return this.at;
  }

  replace(at: number, byte: number): void {
    this.bytes[at] = byte;
  }

  /** Text that is JSON already. */
  json(text: string): void {
    this.reserve(text.length * 3);
    this.at += this.bytes.write(text, this.at, 'utf8');
  }

  u32(value: number): void {
    this.reserve(U64_BYTES);
    this.at = writeU32(this.bytes, this.at, value);
  }

  /** An exact integer literal from two u32 halves. */
  u64(low: number, high: number): void {
    this.reserve(U64_BYTES);
    this.at = high === 0 ? writeU32(this.bytes, this.at, low) : writeU64(this.bytes, this.at, low, high);
  }

  /** A quoted IPv4 address. */
  ipv4(word: number): void {
    this.reserve(IPV4_BYTES + 2);
    const { bytes } = this;
    let { at } = this;
    bytes[at++] = QUOTE;
    at = writeOctet(bytes, at, word >>> 24);
    bytes[at++] = 0x2e;
    at = writeOctet(bytes, at, (word >>> 16) & 255);
    bytes[at++] = 0x2e;
    at = writeOctet(bytes, at, (word >>> 8) & 255);
    bytes[at++] = 0x2e;
    at = writeOctet(bytes, at, word & 255);
    bytes[at++] = QUOTE;
    this.at = at;
  }

  /** A quoted IPv6 address from four big-endian words. */
  ipv6(w0: number, w1: number, w2: number, w3: number): void {
    this.json(`"${formatIpv6(w0, w1, w2, w3)}"`);
  }

  /** A quoted string from bytes of the input: escaped; what is no UTF-8 becomes U+FFFD. */
  text(source: Uint8Array, offset: number, length: number): void {
    this.reserve(length + 2);
    const { bytes, at } = this;
    let to = at;
    bytes[to++] = QUOTE;
    for (let i = offset, end = offset + length; i < end; i++) {
      const byte = source[i]!;
      if (byte >= 0x80 || byte < SPACE || byte === QUOTE || byte === BACKSLASH) {
        const slice = Buffer.from(source.buffer, source.byteOffset + offset, length);
        this.json(JSON.stringify(slice.toString('utf8')));
        return;
      }
      bytes[to++] = byte;
    }
    bytes[to++] = QUOTE;
    this.at = to;
  }
}

function writeOctet(bytes: Uint8Array, at: number, octet: number): number {
  if (octet >= 100) {
    const hundreds = (octet / 100) | 0;
    const rest = octet - hundreds * 100;
    const tens = (rest / 10) | 0;
    bytes[at] = ZERO + hundreds;
    bytes[at + 1] = ZERO + tens;
    bytes[at + 2] = ZERO + rest - tens * 10;
    return at + 3;
  }
  if (octet >= 10) {
    const tens = (octet / 10) | 0;
    bytes[at] = ZERO + tens;
    bytes[at + 1] = ZERO + octet - tens * 10;
    return at + 2;
  }
  bytes[at] = ZERO + octet;
  return at + 1;
}

function digitsOfU32(value: number): number {
  if (value < 100_000) return value < 100 ? (value < 10 ? 1 : 2) : value < 1000 ? 3 : value < 10_000 ? 4 : 5;
  if (value < 10_000_000) return value < 1_000_000 ? 6 : 7;
  return value < 100_000_000 ? 8 : value < BILLION ? 9 : 10;
}

function writeU32(bytes: Uint8Array, at: number, value: number): number {
  return writeDigits(bytes, at, value, digitsOfU32(value));
}

/** Exactly `count` digits, zeros in front. */
function writeDigits(bytes: Uint8Array, at: number, value: number, count: number): number {
  let rest = value;
  for (let to = at + count - 1; to >= at; to--) {
    const quotient = Math.floor(rest / 10);
    bytes[to] = ZERO + rest - quotient * 10;
    rest = quotient;
  }
  return at + count;
}

/** Three limbs of nine digits by long division over 16-bit digits: every remainder · 2^16 stays below 2^53. */
function writeU64(bytes: Uint8Array, at: number, low: number, high: number): number {
  const digits = [high >>> 16, high & 0xffff, low >>> 16, low & 0xffff];
  const bottom = divideByBillion(digits);
  const middle = divideByBillion(digits);
  const top = digits[3]!;
  if (top === 0) {
    const next = writeU32(bytes, at, middle);
    return writeDigits(bytes, next, bottom, 9);
  }
  let next = writeU32(bytes, at, top);
  next = writeDigits(bytes, next, middle, 9);
  return writeDigits(bytes, next, bottom, 9);
}

/** Divides in place, returns the remainder. */
function divideByBillion(digits: number[]): number {
  let remainder = 0;
  for (let i = 0; i < digits.length; i++) {
    const value = remainder * 65536 + digits[i]!;
    digits[i] = Math.floor(value / BILLION);
    remainder = value - digits[i]! * BILLION;
  }
  return remainder;
}
