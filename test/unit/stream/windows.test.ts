import { describe, expect, it } from 'vitest';
import { GroupTable } from '../../../src/engine/group-table.ts';
import { CODE_WORDS, CodeKind, PAIR_WORDS, UNDATED, type WindowCounts } from '../../../src/engine/window-tally.ts';
import { type LaneNote, noteText, parseNote } from '../../../src/stream/lane-note.ts';
import { type Progress, Watermark } from '../../../src/stream/watermark.ts';
import { type WindowState, Windows } from '../../../src/stream/windows.ts';

const SECONDS = 60;
const OPTIONS = { seconds: SECONDS, top: 2, latenessSeconds: 600 };
const T0 = 1_768_471_200;

/** One record of 100 bytes in each of these windows, each of its own pair of kinds. */
function counts(starts: readonly (number | null)[]): WindowCounts {
  const pairs = new GroupTable(PAIR_WORDS, 16);
  const codes = new GroupTable(CODE_WORDS, 16);
  starts.forEach((start, i) => {
    const window = start === null ? UNDATED : Math.floor(start / SECONDS);
    pairs.key.set([window, 0, 0x4000_0000 + i, 0x4000_0001]);
    pairs.add(100 + i, 1);
    for (const [kind, code] of [
      [CodeKind.path, 2],
      [CodeKind.drift, 1],
    ]) {
      codes.key.set([window, kind ?? 0, code ?? 0]);
      codes.add(100 + i, 1);
    }
  });
  const known = starts.filter((start) => start !== null);
  const times = { first: Math.min(...known), last: Math.max(...known) };
  return { times, pairs: [pairs.drain()], rules: [], codes: [codes.drain()] };
}

function opened(before: LaneNote | null = null): { readonly windows: Windows; readonly state: WindowState } {
  const state = { closed: 0, late: 0, undated: 0, missed: 0 };
  return { windows: new Windows(OPTIONS, 'raw/0', state, before), state };
}

interface Row {
  readonly kind: string;
  readonly window: string | null;
  readonly late?: boolean;
  readonly others?: boolean;
  readonly records: number;
  readonly bytes: number;
}

function written(windows: Windows, until: number, next = 7): Row[] {
  const lines = windows.close(until, next).map((list) => list.lines);
  return lines.flatMap((text) => text.split('\n').slice(0, -1)).map((line) => JSON.parse(line) as Row);
}

describe('windows', () => {
  it('are written when the watermark has passed their end and the lateness, once', () => {
    const { windows, state } = opened();
    windows.add(counts([T0, T0 + 59, T0 + 60]), [], false);
    const before = windows.completeUntil(T0 + 659, Number.POSITIVE_INFINITY);
    expect(windows.due(before)).toBe(false);
    // something earlier waits to be judged
    expect(windows.completeUntil(T0 + 660, T0)).toBe(T0);
    const until = windows.completeUntil(T0 + 660, Number.POSITIVE_INFINITY);
    expect(windows.due(until)).toBe(true);
    const paths = written(windows, until).filter(({ kind }) => kind === 'path');
    expect(paths).toMatchObject([{ window: '2026-01-15T10:00:00Z', records: 2, bytes: 201, path: 'same-az' }]);
    expect(paths[0]).not.toHaveProperty('late');
    expect(windows.due(until)).toBe(false);
    expect(windows.end).toBe(T0 + 120);
    expect(state).toMatchObject({ closed: 1, late: 0 });
  });

  it('give late records rows of their own, at once and under another key', () => {
    const { windows, state } = opened();
    windows.add(counts([T0]), [], false);
    const [first] = windows.close(T0 + 60, 5);
    windows.add(counts([T0]), [], false);
    expect(windows.due(T0 + 60)).toBe(true);
    const [second] = windows.close(T0 + 60, 9);
    expect([first?.key, second?.key]).toEqual(['raw/0 2026-01-15T10:00:00Z', 'raw/0 2026-01-15T10:00:00Z 9']);
    expect(second?.lines).toContain('"late":true');
    expect(state.late).toBe(1);
  });

  it('show the heaviest and the sum of the rest', () => {
    const { windows } = opened();
    windows.add(counts([T0, T0, T0, T0]), [], false);
    const rows = written(windows, T0 + 60).filter(({ kind }) => kind === 'pair');
    expect(rows.map(({ bytes, others }) => [bytes, others])).toEqual([
      [103, undefined],
      [102, undefined],
      [201, true],
    ]);
    expect(rows.at(-1)).toMatchObject({ records: 2, groups: 2 });
  });

  it('send out at once what has no time or one in the future', () => {
    const { windows, state } = opened();
    windows.add(counts([null, Date.now() / 1000 + 7200]), [], false);
    const rows = written(windows, 0).filter(({ kind }) => kind === 'path');
    expect(rows).toMatchObject([{ window: null, late: true, records: 2 }]);
    expect(state.undated).toBe(2);
  });

  it('are rebuilt of what was committed before, without what was written before', () => {
    const note = { rewind: 3, closed: T0 + 60, at: T0 + 700 };
    const { windows, state } = opened(note);
    windows.add(counts([T0, T0 + 60, null, T0 + 900]), [], true);
    const rows = written(windows, T0 + 3000).filter(({ kind }) => kind === 'path');
    expect(rows).toMatchObject([{ window: '2026-01-15T10:01:00Z', records: 1 }]);
    expect(rows[0]).not.toHaveProperty('late');
    expect(state).toMatchObject({ missed: 1, late: 0, undated: 0 });
  });
});

describe('the note of an offset', () => {
  it('is read as it was written, and only that', () => {
    const note = { rewind: 12, closed: T0, at: T0 + 5 };
    expect(parseNote(noteText(note))).toEqual(note);
    expect(parseNote('')).toBeNull();
    expect(parseNote('by somebody else rewind=1')).toBeNull();
  });
});

describe('the watermark', () => {
  const partition = (caughtUp: boolean): Progress => {
    return { caughtUp: () => caughtUp, latestEnd: Number.NEGATIVE_INFINITY, moved: () => {} };
  };

  it('is the clock where nothing waits, else what the last one has read', () => {
    const watermark = new Watermark();
    const [idle, ahead, behind] = [partition(true), partition(false), partition(false)];
    watermark.join(idle);
    expect(watermark.seconds()).toBeCloseTo(Date.now() / 1000, -1);
    watermark.join(ahead);
    watermark.join(behind);
    watermark.reached(ahead, T0 + 100);
    expect(watermark.seconds()).toBe(Number.NEGATIVE_INFINITY);
    watermark.reached(behind, T0);
    watermark.reached(behind, T0 - 50);
    expect(watermark.seconds()).toBe(T0);
    watermark.leave(behind);
    expect(watermark.seconds()).toBe(T0 + 100);
  });

  it('does not follow a record into the future', () => {
    const watermark = new Watermark();
    const one = partition(false);
    watermark.join(one);
    watermark.reached(one, Date.now() / 1000 + 1e6);
    expect(watermark.seconds()).toBeLessThanOrEqual(Date.now() / 1000);
  });
});
