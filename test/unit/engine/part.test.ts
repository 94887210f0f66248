import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openPart } from '../../../src/engine/part.ts';
import { allFree, createSlotMemory, releaseSlot, type SlotMemory } from '../../../src/engine/slot-memory.ts';
import { createTurn, giveTurn, type Turn } from '../../../src/engine/turn.ts';
import type { DirectFile } from '../../../src/sink/part.ts';

const folder = mkdtempSync(join(tmpdir(), 'flowtrie-part-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SLOT_BYTES = 16;
const HEAD = 'head\n';
const PIECES = ['one\n', 'two two\n', 'three three three three\n', 'four\n', 'five five\n'];
const SEQ = 7;

interface Place {
  readonly memory: SlotMemory;
  readonly turn: Turn;
  readonly file: DirectFile;
  readonly path: string;
}

/** An output with a head that counts, and something behind it that does not. */
function placeOf(name: string, flags: string): Place {
  const path = join(folder, name);
  const whole = openSync(path, 'w');
  writeSync(whole, `${HEAD}left behind`);
  closeSync(whole);
  const file = { fd: openSync(path, flags), length: HEAD.length, extend: () => {} };
  return { memory: createSlotMemory(1, SLOT_BYTES), turn: createTurn(file), file, path };
}

describe('rows of a task', () => {
  it.each([0, 1, 2, 3, 4])('are in the output from its turn on, which comes before piece %i', (turnAt) => {
    const { memory, turn, file, path } = placeOf(`turn-${turnAt}`, 'r+');
    const part = openPart({ folder, memory, turn }, `rows-${turnAt}`, SEQ);
    giveTurn(turn, SEQ - 1, file);
    PIECES.forEach((piece, i) => {
      if (i === turnAt) giveTurn(turn, SEQ, file);
      part.write([Buffer.from(piece)]);
    });
    expect(part.close()).toBeNull();
    const rows = PIECES.join('');
    expect(part.written).toEqual({ written: rows.length, failure: null });
    expect(readFileSync(path, 'utf8')).toBe(HEAD + rows);
    expect(allFree(memory)).toBe(true);
    expect(existsSync(join(folder, `rows-${turnAt}`))).toBe(false);
    closeSync(file.fd);
  });

  it('wait in memory or in a file while it is the turn of others', () => {
    const { memory, turn, file, path } = placeOf('others', 'r+');
    giveTurn(turn, SEQ + 1, file);
    const short = openPart({ folder, memory, turn }, 'rows-short', SEQ);
    short.write([Buffer.from('one\n')]);
    expect(short.close()).toMatchObject({ memory: { offset: 0, length: 4 } });
    expect(short.written).toBeNull();
    releaseSlot(memory, 0);
    const long = openPart({ folder, memory, turn }, 'rows-long', SEQ);
    long.write(PIECES.map((piece) => Buffer.from(piece)));
    expect(long.close()).toEqual({ path: join(folder, 'rows-long') });
    expect(readFileSync(join(folder, 'rows-long'), 'utf8')).toBe(PIECES.join(''));
    expect(readFileSync(path, 'utf8')).toBe(`${HEAD}left behind`);
    expect(allFree(memory)).toBe(true);
    closeSync(file.fd);
  });

  it('say why they could not be written', () => {
    const { memory, turn, file } = placeOf('read-only', 'r');
    giveTurn(turn, SEQ, file);
    const part = openPart({ folder, memory, turn }, 'rows-failed', SEQ);
    for (const piece of PIECES) part.write([Buffer.from(piece)]);
    expect(part.close()).toBeNull();
    expect(part.written).toEqual({ written: 0, failure: expect.stringContaining('EBADF') });
    closeSync(file.fd);
  });

  it('say which file could not be written', () => {
    const absent = join(folder, 'absent');
    const part = openPart({ folder: absent, memory: createSlotMemory(1, SLOT_BYTES), turn: null }, 'rows', SEQ);
    for (const piece of PIECES) part.write([Buffer.from(piece)]);
    expect(part.close()).toBeNull();
    expect(part.written).toBeNull();
    expect(part.failure).toMatch(`${join(absent, 'rows')}: ENOENT`);
  });
});
