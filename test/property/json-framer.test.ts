import fc from 'fast-check';
import { expect, it } from 'vitest';
import { JsonFramer } from '../../src/source/json-framer.ts';

/** What the framer finds when the bytes come in pieces of these sizes. */
function frame(bytes: Uint8Array, sizes: readonly number[]): string[] {
  const found: string[] = [];
  const tell =
    (kind: string) =>
    (text: Uint8Array): void =>
      void found.push(`${kind} ${Buffer.from(text).toString('latin1')}`);
  const framer = new JsonFramer({ document: tell('document'), line: tell('line'), broken: tell('broken') });
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    // the framer may not keep what it was given
    const piece = new Uint8Array(bytes.subarray(at, at + size));
    framer.push(piece);
    piece.fill(0x7d);
    at += size;
  }
  framer.finish();
  return found;
}

const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });
const value = fc.oneof(fc.object({ maxDepth: 3 }), fc.record({ message: fc.string() }));

it('finds every document, whatever stands between and wherever the pieces end', () => {
  const separated = fc.tuple(value, fc.constantFrom('', '\n', ' \r\n', ',\n'), fc.boolean());
  fc.assert(
    fc.property(fc.array(separated, { maxLength: 8 }), fc.boolean(), sizes, (documents, isList, pieces) => {
      const texts = documents.map(([document, , pretty]) => JSON.stringify(document, null, pretty ? 2 : 0));
      const text = texts.map((one, i) => one + (documents[i]?.[1] ?? '')).join('');
      const bytes = Buffer.from(isList ? `[\n${text}]` : text);
      const expected = texts.map((one) => `document ${Buffer.from(one).toString('latin1')}`);
      expect(frame(bytes, pieces)).toEqual(expected);
    }),
    { numRuns: 300 },
  );
});

it('finds the same in damaged text wherever the pieces end, and what is whole behind the damage', () => {
  const alphabet = fc.constantFrom('{', '}', '[', ']', '"', '\\', ',', ':', '\n', ' ', 'a', '1', '{"message":"x"}\n');
  fc.assert(
    fc.property(fc.array(alphabet, { maxLength: 60 }), sizes, (parts, pieces) => {
      const bytes = Buffer.from(`${parts.join('')}\n\n{"message":"y"}\n{"message":"z"}\n`);
      const found = frame(bytes, pieces);
      expect(found).toEqual(frame(bytes, [bytes.length]));
      expect(found.at(-1)).toBe('document {"message":"z"}');
    }),
    { numRuns: 1000 },
  );
});
