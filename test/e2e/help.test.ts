import { describe, expect, it } from 'vitest';
import { runCli } from '../support/cli.ts';

/** Columns of a help text that goes to no terminal. */
const WIDTH = 80;

describe('--help', () => {
  it.each(['', 'replay', 'stream', 'enqueue', 'explain', 'pods', 'bench', 'generate', 'demo'])(
    '%s: the description fills its lines',
    async (command) => {
      const { code, stdout } = await runCli([command, '--help'].filter((word) => word !== ''));
      expect(code).toBe(0);
      const [, description = ''] = stdout.split('\n\n');
      const lines = description.split('\n');
      for (const [i, line] of lines.entries()) {
        expect(line.length).toBeLessThanOrEqual(WIDTH);
        const [word = ''] = (lines[i + 1] ?? '').split(' ');
        if (word !== '') expect(line.length + 1 + word.length, line).toBeGreaterThanOrEqual(WIDTH);
      }
    },
  );
});
