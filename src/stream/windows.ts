import type { Groups } from '../engine/group-table.ts';
import { groupLabel } from '../engine/owner-groups.ts';
import type { CompiledVersion } from '../engine/versions.ts';
import { CODE_WORDS, CodeKind, PAIR_WORDS, RULE_WORDS, UNDATED, type WindowCounts } from '../engine/window-tally.ts';
import { DRIFT, PATH } from '../model/verdict.ts';
import type { LaneNote } from './lane-note.ts';
import type { WindowLines } from './stream-sink.ts';
import { WindowGroups } from './window-groups.ts';

/** Kinds of rows. */
const KINDS = ['pair', 'rule', 'path', 'drift'] as const;
type WindowKind = (typeof KINDS)[number];

/**
 * Records that start so much later than they come are of no window that could be kept open: their counts go out at
 * once. Longer than any window is open, so that what goes out at once is never counted again after a restart.
 */
const FUTURE_SECONDS = 3_600;

/** Separates the parts of a label; occurs in no name. */
const SEPARATOR = '\u0000';

export interface WindowOptions {
  /** Length of a window. */
  readonly seconds: number;
  /** Rows of each kind in a window; the rest is one row `others`. */
  readonly top: number;
  /** A window is complete when the watermark is so much later than its end. */
  readonly latenessSeconds: number;
}

/** What the windows of a process have come to; shared by its partitions. */
export interface WindowState {
  /** Windows written. */
  closed: number;
  /** Records that came after their window was written. */
  late: number;
  /** Records without a start, or that start in the future. */
  undated: number;
  /** Records of open windows that could not be counted again after a restart. */
  missed: number;
}

/**
 * Tumbling windows of one input partition, by the start of records. Rows are sums of that partition alone and of
 * records no other row has: readers add them up, over partitions and over late rows. A window is open in memory only:
 * who goes on after a restart reads the messages behind `rewind` once more, see LaneNote.
 */
export class Windows {
  /** Windows that end by then have been written. */
  closed: number;
  private readonly options: WindowOptions;
  private readonly source: string;
  private readonly state: WindowState;
  /** Written by the process before: what starts later was not kept. */
  private readonly before: LaneNote | null;
  /** Window number → kind → groups. */
  private readonly open = new Map<number, Record<WindowKind, WindowGroups>>();

  constructor(options: WindowOptions, source: string, state: WindowState, before: LaneNote | null) {
    this.options = options;
    this.source = source;
    this.state = state;
    this.before = before;
    this.closed = before?.closed ?? 0;
  }

  /** Counts a task; of one that was committed before a restart only what no window had yet. */
  add(counts: WindowCounts, versions: readonly CompiledVersion[], replayed: boolean): void {
    const each = (
      parts: readonly Groups[],
      words: number,
      kind: (key: Uint32Array) => WindowKind,
      label: (key: Uint32Array) => string,
    ): void => {
      for (const { keys, sums, size, layout } of parts) {
        for (let g = 0; g < size; g++) {
          const row = g * layout.words;
          const key = keys.subarray(row + layout.key, row + layout.key + words);
          const at = row / 2;
          const records = kind(key) === 'path' ? (sums[at] ?? 0) : 0;
          const window = this.windowOf(key[0] ?? UNDATED, records, replayed);
          if (window !== null) this.groupsOf(window)[kind(key)].add(label(key), sums, at);
        }
      }
    };
    const labels = (version: number | undefined): readonly string[] => versions[version ?? 0]?.groupLabels ?? [];
    each(
      counts.pairs,
      PAIR_WORDS,
      () => 'pair',
      (key) => {
        const names = labels(key[1]);
        return `${groupLabel(names, key[2] ?? 0)}${SEPARATOR}${groupLabel(names, key[3] ?? 0)}`;
      },
    );
    each(
      counts.rules,
      RULE_WORDS,
      () => 'rule',
      (key) => ruleLabel(versions[key[1] ?? 0], (key[2] ?? 0) | 0),
    );
    each(
      counts.codes,
      CODE_WORDS,
      (key) => (key[1] === CodeKind.path ? 'path' : 'drift'),
      (key) => (key[1] === CodeKind.path ? PATH : DRIFT)[key[2] ?? 0] ?? 'unknown',
    );
  }

  /**
   * The last second that is complete when the watermark is at `watermark` and a record from `waiting` on is still to be
   * counted.
   */
  completeUntil(watermark: number, waiting: number): number {
    const { seconds, latenessSeconds } = this.options;
    const until = Math.floor(Math.min(watermark - latenessSeconds, waiting) / seconds) * seconds;
    return Math.max(this.closed, until, 0);
  }

  /** True when a window waits to be written. */
  due(until: number): boolean {
    for (const window of this.open.keys()) if (this.isComplete(window, until)) return true;
    return false;
  }

  /** Where the last open window ends; `closed` when none is open. */
  get end(): number {
    const last = Math.max(-1, ...[...this.open.keys()].filter((window) => window !== UNDATED));
    return Math.max(this.closed, (last + 1) * this.options.seconds);
  }

  /** Takes the windows that are complete by `until`, and those that were late; `next` tells late ones apart. */
  close(until: number, next: number): WindowLines[] {
    const done = [...this.open.keys()].filter((window) => this.isComplete(window, until)).sort((a, b) => a - b);
    const lines = done.map((window) => this.write(window, next));
    for (const window of done) this.open.delete(window);
    this.closed = Math.max(this.closed, until);
    this.state.closed += done.length;
    return lines;
  }

  private isComplete(window: number, until: number): boolean {
    const { seconds } = this.options;
    return window === UNDATED || (window + 1) * seconds <= Math.max(until, this.closed);
  }

  /** Where the records of a group are counted; null = nowhere, they were. `records` is for the counters. */
  private windowOf(window: number, records: number, replayed: boolean): number | null {
    const { state, before, closed } = this;
    const { seconds } = this.options;
    const start = window * seconds;
    if (replayed) {
      if (window === UNDATED || start + seconds <= (before?.closed ?? 0)) return null;
      if (start <= (before?.at ?? 0)) return window;
      state.missed += records;
      return null;
    }
    if (window === UNDATED || start > Date.now() / 1000 + FUTURE_SECONDS) {
      state.undated += records;
      return UNDATED;
    }
    if (start + seconds <= closed) state.late += records;
    return window;
  }

  private groupsOf(window: number): Record<WindowKind, WindowGroups> {
    let groups = this.open.get(window);
    if (groups === undefined) {
      groups = {
        pair: new WindowGroups(),
        rule: new WindowGroups(),
        path: new WindowGroups(),
        drift: new WindowGroups(),
      };
      this.open.set(window, groups);
    }
    return groups;
  }

  private write(window: number, next: number): WindowLines {
    const { seconds, top } = this.options;
    const late = window === UNDATED || (window + 1) * seconds <= this.closed;
    const instant = window === UNDATED ? null : new Date(window * seconds * 1000).toISOString().replace('.000Z', 'Z');
    const groups = this.groupsOf(window);
    const common = { window: instant, seconds, source: this.source, ...(late ? { late } : {}) };
    const rows: object[] = [];
    for (const kind of KINDS) {
      const { rows: ranked, others } = groups[kind].top(top);
      for (const [label, sums] of ranked) rows.push({ ...common, kind, ...named(kind, label), ...sums });
      if (others.records > 0) rows.push({ ...common, kind, others: true, ...others });
    }
    // rows that come late are more of a window, not another version of it
    const key = `${this.source} ${instant}${late ? ` ${next}` : ''}`;
    return { key, lines: rows.map((row) => `${JSON.stringify(row)}\n`).join('') };
  }
}

function ruleLabel(version: CompiledVersion | undefined, rule: number): string {
  return rule >= 0 ? (version?.catalog.rules[rule]?.id ?? 'unknown') : 'implicit-deny';
}

function named(kind: WindowKind, label: string): object {
  if (kind !== 'pair') return { [kind]: label };
  const [src, dst] = label.split(SEPARATOR);
  return { src, dst };
}
