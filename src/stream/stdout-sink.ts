import type { TopicPartition } from '../kafka/driver.ts';
import { openDestination } from '../sink/destination.ts';
import type { WriteBytes } from '../sink/part.ts';
import type { CommitOffset } from './offsets.ts';
import type { LaneSink, StreamSink } from './stream-sink.ts';

/** Rows of a task follow each other; the offset moves when the reader has taken them: at least once. */
export async function stdoutSink(offsets: CommitOffset, start: Uint8Array): Promise<StreamSink> {
  const destination = await openDestination('-');
  let turn: Promise<void> = start.length > 0 ? destination.write(start) : Promise.resolve();
  const write: WriteBytes = (bytes) => {
    turn = turn.then(() => destination.write(bytes));
    return turn;
  };
  return {
    name: 'standard output',
    ready: async () => {
      if (destination.closed) throw new Error('the reader of standard output has gone');
    },
    open: (at) => openLane(offsets, at, write),
    async close() {
      await turn.catch(() => {});
      await destination.commit();
    },
  };
}

async function openLane(offsets: CommitOffset, at: TopicPartition, write: WriteBytes): Promise<LaneSink> {
  let appended = false;
  return {
    committed: await offsets.committed(at),
    holds: false,
    dueInMs: Number.POSITIVE_INFINITY,
    async append(task) {
      const { rows } = task.result;
      if (rows !== null && 'memory' in rows && rows.memory.length > 0) await write(new Uint8Array(rows.memory.bytes));
      await offsets.letters(at, task);
      appended = true;
    },
    due: () => appended,
    async commit(next, { note }) {
      await offsets.commit(at, next, note);
      appended = false;
    },
    close: async () => {},
  };
}
