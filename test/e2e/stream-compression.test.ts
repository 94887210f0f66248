import { afterAll, beforeAll, expect, it } from 'vitest';
import { registerCodecs } from '../../src/kafka/codecs.ts';
import { runCli } from '../support/cli.ts';
import type { Broker } from '../support/kafka/broker.ts';
import { difference } from '../support/kafka/chaos.ts';
import { type Lab, openLab, packed, sortedLines } from '../support/kafka/lab.ts';
import { startMember } from '../support/kafka/member.ts';
import { describeKafka } from '../support/kafka/suite.ts';
import { createTopics, produce, readCommitted, testKafka } from '../support/kafka/topics.ts';

const PATIENCE_MS = 180_000;
const HAS_ZSTD = Number(process.versions.node.split('.')[0]) >= 24;

let lab: Lab;
beforeAll(async () => {
  lab = await openLab(3_000);
}, PATIENCE_MS);
afterAll(() => lab.close());

await describeKafka(
  'compressed output',
  (broker, newest) => {
    beforeAll(async () => {
      const kafka = testKafka(broker().address);
      await createTopics(kafka, { 'flow.raw': 2 });
      await produce(kafka, 'flow.raw', packed(lab.lines, 500, 2));
    }, PATIENCE_MS);
    // codecs are those of the whole test process: it learns them with the next test
    if (newest) it('is refused by who has no codec for it', () => unreadable(broker()), PATIENCE_MS);
    for (const codec of ['none', 'gzip', 'snappy', 'lz4', ...(HAS_ZSTD ? ['zstd'] : [])]) {
      it(`has the same rows: ${codec}`, () => readable(broker(), codec), PATIENCE_MS);
    }
    it.skipIf(HAS_ZSTD)('says at once what zstd needs', () => impossible(broker()), PATIENCE_MS);
  },
  { everyVersion: true },
);

const args = (address: string, group: string, codec: string): string[] => [
  ...['--brokers', address, '--topic', 'flow.raw', '--group', group, '--inventory', lab.inventory],
  ...['--out', `kafka:${group}`, '--compression', codec, '--threads', '1', '--stop-at-end'],
];

async function classified(broker: Broker, topic: string, codec: string): Promise<ReturnType<typeof testKafka>> {
  const kafka = testKafka(broker.address);
  await createTopics(kafka, { [topic]: 1 });
  const member = startMember(args(broker.address, topic, codec));
  expect(await member.ended(), member.log()).toBe(0);
  return kafka;
}

/** That what is sent is compressed indeed shows in a reader that cannot open it. */
async function unreadable(broker: Broker): Promise<void> {
  const kafka = await classified(broker, 'closed', 'lz4');
  await expect(readCommitted(kafka, 'closed')).rejects.toThrow('LZ4 compression not implemented');
}

async function readable(broker: Broker, codec: string): Promise<void> {
  registerCodecs();
  const kafka = await classified(broker, `rows.${codec}`, codec);
  const rows = sortedLines((await readCommitted(kafka, `rows.${codec}`)).map(({ value }) => value.toString()).join(''));
  expect(difference(await lab.replayRows(lab.lines), rows)).toEqual({ lost: 0, repeated: 0 });
}

async function impossible({ address }: Broker): Promise<void> {
  const { code, stderr } = await runCli(['stream', ...args(address, 'never', 'zstd'), '-q']);
  expect(code).toBe(3);
  expect(stderr).toMatch(/^flowtrie: kafka\.compression zstd: zstd needs Node ≥ 22\.15; this is .*\n$/);
}
