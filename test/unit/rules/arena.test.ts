import { expect, test } from 'vitest';
import { attachRules, checkSeal, sealArena } from '../../../src/rules/arena.ts';
import { compileRules } from '../../../src/rules/compile.ts';
import { addressClass4 } from '../../../src/rules/lookup.ts';
import { eni, inventory, securityGroup, vpc } from '../../support/inventory.ts';

const compiled = compileRules(
  inventory({
    vpcs: [vpc('vpc-a', ['10.0.0.0/16'])],
    networkInterfaces: [eni('eni-x', ['10.0.0.10'], ['sg-x'])],
    securityGroups: [securityGroup('sg-x', [['r', 'in', 'tcp 443', '10.0.0.0/8']])],
  }),
);

/** A copy at `byteOffset` of a larger buffer, with one u32 of it replaced. */
function copy(byteOffset: number, at?: number, value = 0): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(byteOffset + compiled.byteLength);
  new Uint8Array(buffer).set(new Uint8Array(compiled.buffer), byteOffset);
  if (at !== undefined) new DataView(buffer).setUint32(byteOffset + at, value, true);
  return buffer;
}

test('attaches anywhere on a 64-byte boundary, without copying', () => {
  const buffer = copy(192);
  const view = attachRules(buffer, 192, compiled.byteLength);
  expect(view.sections.root4.buffer).toBe(buffer);
  expect(addressClass4(view, 0x0a00_000a)).not.toBe(addressClass4(view, 0x0b00_0000));
});

const SECTION_0 = 96;
test.each([
  ['magic', 0, 1, /magic is 1, expected 31525446/],
  ['format version', 4, 99, /format version 99, expected 4/],
  ['length', 8, 4096, /header says 4096 bytes, got \d+/],
  ['section count', 12, 3, /3 sections, expected \d+/],
  ['section id', SECTION_0, 7, /section root4 has id 7, expected 0/],
  ['section alignment', SECTION_0 + 4, 1025, /section root4 starts at byte 1025, not a multiple of 64/],
  ['section bounds', SECTION_0 + 8, 0x7fff_ffff, /section root4 takes bytes 1024 to \d+ of \d+/],
  ['section inside the header', SECTION_0 + 4, 0, /section root4 takes bytes 0 to/],
  ['element size', SECTION_0 + 12, 8, /section root4 has elements of 8 bytes, expected 2 or 4/],
  ['section length', SECTION_0 + 8, 65535, /section root4 has 65535 elements, expected 65536/],
  ['count', 16, 2, /section eni has 9 elements, expected 18/],
])('refuses a wrong %s', (_, at, value, message) => {
  expect(() => attachRules(copy(0, at, value), 0, compiled.byteLength)).toThrow(message);
});

test('refuses a wrong place', () => {
  expect(() => attachRules(copy(64), 32, compiled.byteLength)).toThrow(/byte offset 32 is not a multiple of 64/);
  expect(() => attachRules(copy(0), 64, compiled.byteLength)).toThrow(/ends at byte \d+, past the buffer's \d+/);
  expect(() => attachRules(copy(0), 0, 100)).toThrow(/100 bytes are fewer than the header's 1024/);
});

test('a changed byte breaks the seal of an arena, which attaching does not look at', () => {
  const sealed = new Uint8Array(copy(0));
  expect(() => checkSeal(sealed)).toThrow(/contents do not match their digest 0{64}$/);
  sealArena(sealed);
  expect(() => checkSeal(sealed)).not.toThrow();
  for (const at of [0, 95, 96, sealed.length - 64]) {
    const damaged = sealed.slice();
    damaged.set([1 ^ (damaged[at] ?? 0)], at);
    expect(() => checkSeal(damaged)).toThrow(/contents do not match their digest [0-9a-f]{64}$/);
  }
  expect(attachRules(copy(0, compiled.byteLength - 64, 0xdead_beef), 0, compiled.byteLength).eniCount).toBe(1);
});
