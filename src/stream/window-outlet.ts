import type { OutgoingMessage } from '../kafka/driver.ts';
import type { StreamSink, WindowLines } from './stream-sink.ts';

/** Where windows go; `kafka` into the transaction of the rows where there is one. */
export type WindowTarget = { readonly kind: 'kafka'; readonly topic: string } | { readonly kind: 'stdout' } | null;

/** One message a window and input partition; its key is the same when it is written again. */
export function windowMessages(topic: string, windows: readonly WindowLines[]): OutgoingMessage[] {
  return windows.map(({ key, lines }) => {
    return { topic, partition: null, key, value: Buffer.from(lines), headers: { 'flowtrie.window': key } };
  });
}

/** A sink that sends windows on their way before the offset moves: at least once. */
export function withWindows(sink: StreamSink, send: (windows: readonly WindowLines[]) => Promise<void>): StreamSink {
  return {
    ...sink,
    async open(at) {
      const lane = await sink.open(at);
      const commit = lane.commit.bind(lane);
      // a sink's lane has getters: it is not copied
      return Object.assign(lane, {
        commit: async (...[next, extra]: Parameters<typeof commit>): Promise<void> => {
          if (extra.windows.length > 0) await send(extra.windows);
          await commit(next, extra);
        },
      });
    },
  };
}
