import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { ConsumeOptions, KafkaDriver } from '../../../src/kafka/driver.ts';
import { Credits } from '../../../src/stream/credits.ts';
import { Session } from '../../../src/stream/session.ts';
import { Status } from '../../../src/stream/status.ts';
import type { StreamSink } from '../../../src/stream/stream-sink.ts';
import { Watermark } from '../../../src/stream/watermark.ts';

const nobody = (): never => expect.fail('nobody asks for this');

/** A client whose group hands out a partition once more while its member leaves, as kafkajs does in a rebalance. */
function lateJoiner(): KafkaDriver {
  return {
    missingTopics: async () => [],
    partitionEnds: async () => [],
    offsetAt: async () => 0,
    committed: async () => null,
    follow: nobody,
    openTransactional: nobody,
    openProducer: nobody,
    close: async () => {},
    async consume(options: ConsumeOptions) {
      return {
        run: async () => {},
        seek: () => {},
        pause: () => {},
        resume: () => {},
        commit: async () => {},
        stop: async () => options.onAssigned([{ topic: 'raw', partition: 0 }]),
      };
    },
  };
}

it('opens no lane for what is assigned while it leaves: that would fence the next owner', async () => {
  let opened = 0;
  const sink: StreamSink = {
    name: 'a sink that cannot be used',
    ready: async () => {},
    async open() {
      opened++;
      throw new Error('gone');
    },
    close: async () => {},
  };
  const log = (): void => {};
  const session = await Session.open(
    {
      driver: lateJoiner(),
      group: 'g',
      topics: ['raw'],
      from: 'earliest',
      sessionTimeoutMs: 1000,
      judging: {
        watermark: new Watermark(),
        pairing: null,
        task: nobody,
        judge: nobody,
        read: nobody,
        tell: nobody,
        judgedBy: nobody,
        finishing: () => false,
        windows: () => null,
      },
      credits: new Credits(1, 1),
      status: new Status(log),
      log,
      committed: nobody,
    },
    async () => sink,
  );
  await session.run(AbortSignal.abort());
  await sleep(10);
  expect(opened).toBe(0);
  expect(session.assigned.size).toBe(0);
});
