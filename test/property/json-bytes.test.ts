import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatIpv4 } from '../../src/model/ip.ts';
import { JsonBytes } from '../../src/sink/json-bytes.ts';

function written(write: (out: JsonBytes) => void): string {
  const out = new JsonBytes();
  write(out);
  return Buffer.from(out.take()).toString('utf8');
}

describe('JSON bytes', () => {
  it('any bytes become a JSON string of what UTF-8 says they are', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 40 }),
      fc.string({ unit: 'binary' }).map((text) => new Uint8Array(Buffer.from(text))),
      fc.string({ unit: 'grapheme-ascii' }).map((text) => new Uint8Array(Buffer.from(text))),
    );
    fc.assert(
      fc.property(bytes, fc.nat(9), (value, offset) => {
        const shared = new Uint8Array(new SharedArrayBuffer(offset + value.length + 3));
        shared.set(value, offset);
        const json = written((out) => out.text(shared, offset, value.length));
        expect(JSON.parse(json)).toBe(Buffer.from(value).toString('utf8'));
      }),
    );
  });

  it('64-bit integers are exact', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.nat(64), (value, shift) => {
        const small = value >> BigInt(shift);
        const text = written((out) => out.u64(Number(small & 0xffffffffn), Number(small >> 32n)));
        expect(text).toBe(String(small));
      }),
      {
        examples: [
          [2n ** 64n - 1n, 0],
          [10n ** 18n, 0],
          [10n ** 18n - 1n, 0],
          [2n ** 32n, 0],
          [0n, 0],
        ],
      },
    );
  });

  it('32-bit integers and IPv4 addresses are what their text is', () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), fc.nat(32), (value, shift) => {
        const small = Math.floor(value / 2 ** shift);
        expect(written((out) => out.u32(small))).toBe(String(small));
        expect(written((out) => out.ipv4(value))).toBe(`"${formatIpv4(value)}"`);
      }),
      { examples: [9, 10, 99, 100, 99_999, 100_000, 999_999_999, 1_000_000_000, 4_294_967_295].map((n) => [n, 0]) },
    );
  });
});
