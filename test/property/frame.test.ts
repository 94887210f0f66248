import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LINE_BYTES_MAX, QUARANTINE_BYTES_MAX } from '../../src/model/ledger.ts';
import { LineFramer, type Slice } from '../../src/source/frame.ts';
import { plainSlices } from '../../src/source/slices.ts';
import { Dice } from '../support/dice.ts';

/** The lines of slices in order; an overlong line by its head. */
function linesOf(slices: Iterable<Slice>): string[] {
  const lines: string[] = [];
  for (const slice of slices) {
    if (slice.kind === 'broken') lines.push(`${slice.reason}: ${Buffer.from(slice.text).toString('latin1')}`);
    else if (slice.kind === 'lines') lines.push(...split(Buffer.from(slice.bytes)));
  }
  return lines;
}

/** Lines by split; those above the bound as the framer reports them, wherever they are found. */
function split(bytes: Buffer): string[] {
  const lines = bytes.toString('latin1').split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line) =>
    line.length > LINE_BYTES_MAX ? `line-too-long: ${line.slice(0, QUARANTINE_BYTES_MAX)}` : line,
  );
}

/** Short lines, blank lines, and now and then one around the bound. */
function textOf(dice: Dice): Buffer {
  const lines = Array.from({ length: dice.below(12) }, () => {
    const length = dice.below(6) === 0 ? LINE_BYTES_MAX - 2 + dice.below(4) : dice.below(120);
    return dice
      .text('abc', 1 + dice.below(4))
      .repeat(length)
      .slice(0, length);
  });
  return Buffer.from(lines.join('\n') + dice.pick(['', '\n']));
}

function* framed(bytes: Buffer, dice: Dice): Generator<Slice> {
  const framer = new LineFramer();
  const step = dice.pick([7, 500, 40_000, LINE_BYTES_MAX, 200_000]);
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + dice.below(step);
    const chunk = new Uint8Array(bytes.subarray(at, at + size));
    yield* framer.push(chunk);
    chunk.fill(33);
    at += size;
  }
  yield* framer.finish(null);
}

const RUNS = { numRuns: 300, endOnFailure: true };

describe('lines', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'flowtrie-frame-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('are the same wherever the stream is cut', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const dice = new Dice(seed);
        const bytes = textOf(dice);
        expect(linesOf(framed(bytes, dice))).toEqual(split(bytes));
      }),
      RUNS,
    );
  });

  it('are the same whatever byte ranges a file is read in', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const dice = new Dice(seed);
        const bytes = textOf(dice);
        const path = join(folder, 'ranges.log');
        writeFileSync(path, bytes);
        const range = 1 + dice.below(dice.pick([5, 300, 70_000, 300_000]));
        const lines: string[] = [];
        let read = 0;
        const count = (bytesRead: number): void => {
          read += bytesRead;
        };
        // thousands of ranges of a few bytes say no more than hundreds
        const first = Math.max(0, bytes.length - range * 200);
        if (first > 0) lines.push(...linesOf(plainSlices(path, 0, first, count)));
        for (let start = first; start < bytes.length; start += range) {
          const end = Math.min(start + range, bytes.length);
          lines.push(...linesOf(plainSlices(path, start, end, count)));
        }
        expect(lines).toEqual(split(bytes));
        expect(read).toBe(bytes.length);
      }),
      { ...RUNS, numRuns: 60 },
    );
  });
});
