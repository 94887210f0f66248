import { describe, expect, it } from 'vitest';
import { InterfaceDictionary } from '../../../src/decode/interface-dictionary.ts';
import { Dice } from '../../support/dice.ts';

describe('InterfaceDictionary', () => {
  it('gives equal ids equal codes and names them, beyond its first size', () => {
    const dice = new Dice(7);
    const dictionary = new InterfaceDictionary();
    const codes = new Map<string, number>();
    for (let n = 0; n < 20_000; n++) {
      // short alphabets and lengths make ids that differ in one byte only
      const id = dice.below(2) === 0 ? dice.text('ab', dice.below(10)) : `eni-${dice.text('0123456789abcdef', 17)}`;
      const bytes = Buffer.from(`xx${id}yy`);
      const code = dictionary.codeOf(bytes, 2, 2 + id.length);
      expect(code).toBe(codes.get(id) ?? codes.size);
      codes.set(id, code);
    }
    expect(dictionary.size).toBe(codes.size);
    for (const [id, code] of codes) expect(dictionary.name(code)).toBe(id);
  });

  it('reads shared memory', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(8));
    shared.set(Buffer.from('eni-0a b'));
    const dictionary = new InterfaceDictionary();
    expect(dictionary.name(dictionary.codeOf(shared, 0, 6))).toBe('eni-0a');
  });
});
