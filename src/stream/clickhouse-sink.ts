import type { TopicPartition } from '../kafka/driver.ts';
import type { OutputColumn } from '../sink/columns.ts';
import type { ClickHouse } from './clickhouse-client.ts';
import { quotedTable, tableText } from './clickhouse-table.ts';
import { membersOf, withMember } from './lane-note.ts';
import type { CommitOffset } from './offsets.ts';
import type { LaneSink, LaneTask, StreamSink } from './stream-sink.ts';

export interface ClickHouseSinkOptions {
  readonly clickhouse: ClickHouse;
  /** `[DATABASE.]TABLE` */
  readonly table: string;
  readonly columns: readonly OutputColumn[];
  readonly group: string;
  readonly offsets: CommitOffset;
  /** The schema message in front of every Arrow IPC stream, and the mark behind it. */
  readonly arrow: { readonly start: Uint8Array; readonly end: Uint8Array };
  /** A block is inserted when it has this many bytes or is this old, or the partition is given up. */
  readonly blockBytes: number;
  readonly blockMs: number;
  /** Label of the inventory version that is in force. */
  versionLabel(): string;
}

/** A block that is about to be inserted, as it is noted with the group's offset. */
interface Intent {
  /** Offset behind its last message. */
  readonly next: number;
  readonly version: string;
}

/**
 * Inserts whose deduplication tokens tell the messages they come from: `GROUP/TOPIC/PARTITION/FIRST-LAST/VERSION`.
 * Before a block is inserted, its end and version are noted with the group's offset; after a crash the partition goes
 * on with exactly that block under the same token, which the server drops if it has it. At least once, and no row twice
 * within the table's deduplication window.
 */
export function clickhouseSink(options: ClickHouseSinkOptions): StreamSink {
  return {
    name: `clickhouse:${options.table}`,
    ready: async () => {},
    open: (at) => openLane(options, at),
    close: () => options.clickhouse.close(),
  };
}

async function openLane(options: ClickHouseSinkOptions, at: TopicPartition): Promise<LaneSink> {
  const { clickhouse, columns, offsets } = options;
  await clickhouse.command(tableText(quotedTable(options.table), columns));
  const committed = await offsets.committed(at);
  let note = committed?.note ?? '';
  let resumed = intentOf(note);
  let block = new Block();
  const age = (): number => (block.openedAt === null ? 0 : Date.now() - block.openedAt);
  return {
    committed,
    holds: false,
    get cutAt() {
      return resumed?.next ?? null;
    },
    get dueInMs() {
      return block.openedAt === null ? Number.POSITIVE_INFINITY : Math.max(0, options.blockMs - age());
    },
    async append(task) {
      block.add(task);
      if (task.object === null) block.rows.push(...rowsOf(task));
      // a part of an object is a block of its own: its text is cut at the same places every time
      else await insert(options, `${at.topic}/${at.partition}/${block.next - 1}/${pieceName(task)}`, rowsOf(task));
      await offsets.letters(at, task);
    },
    due() {
      if (block.openedAt === null) return false;
      if (resumed !== null) return block.next >= resumed.next;
      return block.bytes >= options.blockBytes || age() >= options.blockMs;
    },
    async commit(next, extra) {
      const { first, rows } = block;
      if (resumed !== null && next < resumed.next)
        throw new Error(`the block that was begun before, up to offset ${resumed.next - 1}, is not complete`);
      if (rows.length > 0) {
        const intent = resumed ?? { next, version: options.versionLabel() };
        if (resumed === null) await offsets.commit(at, first, withMember(note, 'clickhouse', intent));
        const range = `${at.topic}/${at.partition}/${first}-${intent.next - 1}`;
        await insert(options, `${range}/${intent.version}`, rows);
      }
      await offsets.commit(at, next, extra.note);
      note = extra.note;
      resumed = null;
      block = new Block();
    },
    close: async () => {},
  };
}

/** Rows of messages that are not inserted yet. */
class Block {
  readonly rows: Uint8Array[] = [];
  first = 0;
  next = 0;
  bytes = 0;
  openedAt: number | null = null;

  add({ chunk, result, object }: LaneTask): void {
    if (this.openedAt === null) {
      this.openedAt = Date.now();
      this.first = chunk.offsets[0] ?? 0;
    }
    this.next = chunk.next;
    if (object === null) for (const { length } of rowsOf({ result })) this.bytes += length;
  }
}

function rowsOf({ result: { rows } }: Pick<LaneTask, 'result'>): Uint8Array[] {
  if (rows === null || !('memory' in rows) || rows.memory.length === 0) return [];
  return [new Uint8Array(rows.memory.bytes)];
}

function pieceName({ object }: LaneTask): string {
  return `${object?.name}@${object?.linesBefore}`;
}

async function insert(options: ClickHouseSinkOptions, range: string, rows: readonly Uint8Array[]): Promise<void> {
  if (rows.length === 0) return;
  const { clickhouse, table, group, arrow } = options;
  await clickhouse.insert(quotedTable(table), `${group}/${range}`, [arrow.start, ...rows, arrow.end]);
}

/** Null where the offset has no note, or one of somebody else. */
function intentOf(note: string): Intent | null {
  const { next, version } = (membersOf(note).clickhouse ?? {}) as Partial<Intent>;
  return typeof next === 'number' && typeof version === 'string' ? { next, version } : null;
}
