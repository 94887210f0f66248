import { crc32 as zlibCrc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { crc32, processorCrc32c } from '../../../src/model/checksum.ts';

const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 2_654_435_761) >>> 13);

test('CRC-32 is that of zlib, in one piece and in several, small and large', () => {
  for (const cut of [0, 1, 65_535, 65_536, 65_537, 131_072, bytes.length]) {
    const front = bytes.subarray(0, cut);
    expect(crc32(front), `of ${cut} bytes`).toBe(zlibCrc32(front));
    expect(crc32(bytes.subarray(cut), crc32(front)), `cut at ${cut}`).toBe(zlibCrc32(bytes));
  }
});

test('CRC-32 of bytes in shared memory', () => {
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  expect(crc32(shared)).toBe(zlibCrc32(bytes));
});

test.skipIf(processorCrc32c() === null)('CRC-32C, where the package is built, has the check value of RFC 3720', () => {
  const made = (bytes: Uint8Array): number | undefined => processorCrc32c()?.(bytes);
  // RFC 3720, B.4: 32 bytes of zeros, 32 bytes of ones, 0 to 31
  expect(made(new Uint8Array(32))).toBe(0x8a91_36aa);
  expect(made(new Uint8Array(32).fill(0xff))).toBe(0x62a8_ab43);
  expect(made(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd_794e);
});
