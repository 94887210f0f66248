import { describe, expect, test } from 'vitest';
import { buildPodMap } from '../../../src/pods/build.ts';
import { ownerEntry4, ownerEntry6, resolvePod } from '../../../src/pods/lookup.ts';
import { attachPodMap } from '../../../src/pods/pod-map.ts';
import { eni, inventory, vpc } from '../../support/inventory.ts';
import { pod } from '../../support/pods.ts';

const world = inventory({
  vpcs: [vpc('vpc-a', ['10.0.0.0/16', '2001:db8:a::/56'])],
  networkInterfaces: [eni('eni-p', ['10.0.0.1', '10.0.0.2', '2001:db8:a::/80'], [])],
  pods: [pod('a/one', '10.0.0.2', 0, 10, { listeners: [{ protocol: 6, port: 80 }] })],
});
const built = buildPodMap(world);

/** A copy at `byteOffset` of a larger buffer, with one u32 of it replaced. */
function copy(byteOffset: number, at?: number, value = 0): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(byteOffset + built.byteLength);
  new Uint8Array(buffer).set(new Uint8Array(built.buffer), byteOffset);
  if (at !== undefined) new DataView(buffer).setUint32(byteOffset + at, value, true);
  return buffer;
}

test('attaches anywhere on a 64-byte boundary, without copying', () => {
  const buffer = copy(192);
  const view = attachPodMap(buffer, 192, built.byteLength);
  for (const section of Object.values(view)) {
    expect(section.buffer).toBe(buffer);
    expect((section.byteOffset - 192) % 64).toBe(0);
  }
  const entry = ownerEntry4(view, 0, 0x0a00_0002);
  expect(resolvePod(view, entry, 0, 10)).toBe(0);
});

test('the same inventory gives the same bytes', () => {
  expect(Buffer.from(buildPodMap(world).buffer).equals(Buffer.from(built.buffer))).toBe(true);
});

test('an empty inventory gives a map that finds nothing', () => {
  const empty = buildPodMap(inventory({}));
  const view = attachPodMap(empty.buffer, 0, empty.byteLength);
  expect([ownerEntry4(view, -1, 1), ownerEntry6(view, -1, 1, 2, 3, 4)]).toEqual([-1, -1]);
});

/** Byte of the table row of section `index`: its offset; its length is four bytes on. */
const row = (index: number): number => 16 + 8 * index;

describe('a map that is none is refused', () => {
  test.each([
    ['magic', 0, 1, /magic 0x1 is not 0x646f7066/],
    ['version', 4, 9, /version 9, expected 6/],
    ['section count', 8, 3, /3 sections, expected 31/],
    ['byte length', 12, 64, /says 64 bytes, got \d+/],
    ['alignment', row(0), 1025, /section eniPrimaryEntry takes bytes 1025 to \d+ of \d+/],
    ['section over the header', row(0), 0, /section eniPrimaryEntry takes bytes 0 to \d+/],
    ['section bounds', row(0) + 4, 0x7fff_ffff, /section eniPrimaryEntry takes bytes \d+ to \d+ of \d+/],
    ['entries', row(3) + 4, 1, /section entryIsOwn has 1 elements, expected 3/],
    ['entry records', row(4) + 4, 8, /section entryRecords has 8 elements, expected 24/],
    ['ends of intervals', row(5) + 4, 0, /section intervalEnds has 0 elements, expected 4/],
    ['intervals', row(6) + 4, 5, /section intervals has 5 elements, expected 12/],
    ['slots', row(7) + 4, 5, /section slots has 5 slots, expected a power of two above 3 entries/],
    ['full table', row(8) + 4, 2, /section anySlots has 2 slots/],
    ['listeners', row(29) + 4, 6, /section listenerKeys has 3 slots/],
  ])('%s', (_, at, value, message) => {
    expect(() => attachPodMap(copy(0, at, value), 0, built.byteLength)).toThrow(message);
  });

  test('place and size', () => {
    expect(() => attachPodMap(copy(64), 32, built.byteLength)).toThrow(/byte offset 32 is not a multiple of 64/);
    expect(() => attachPodMap(copy(64), 128, built.byteLength)).toThrow(/ends at byte \d+ of a buffer of \d+/);
    expect(() => attachPodMap(new SharedArrayBuffer(64), 0, 64)).toThrow(/64 bytes are shorter than its header of 264/);
  });
});
