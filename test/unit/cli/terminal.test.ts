import { describe, expect, it } from 'vitest';
import { hasColor, hasCursor } from '../../../src/cli/terminal.ts';

describe('a terminal', () => {
  it.each<[Record<string, string>, boolean, boolean]>([
    [{}, true, true],
    [{ TERM: 'xterm-256color', NO_COLOR: '' }, true, true],
    [{ NO_COLOR: '1' }, false, true],
    [{ NO_COLOR: '0' }, false, true],
    [{ NO_COLOR: 'false', TERM: 'xterm' }, false, true],
    [{ TERM: 'dumb' }, false, false],
  ])('of %j has colour: %s, cursor: %s', (env, color, cursor) => {
    expect(hasColor({ isTTY: true }, env)).toBe(color);
    expect(hasCursor({ isTTY: true }, env)).toBe(cursor);
  });

  it('is not a file or a pipe', () => {
    for (const stream of [{}, { isTTY: false }]) {
      expect(hasColor(stream, {})).toBe(false);
      expect(hasCursor(stream, {})).toBe(false);
    }
  });
});
