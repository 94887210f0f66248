import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { encodeProduce, type ProduceOptions } from '../../../src/kafka/produce-request.ts';
import { type EncodableMessage, encodeRecordBatch } from '../../../src/kafka/record-encoder.ts';

const load = createRequire(import.meta.url);
const standard = load('kafkajs/src/protocol/requests/produce/v3/request') as (options: ProduceOptions) => {
  encode(): Promise<{ readonly buffer: Buffer }>;
};
const Decoder = load('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => object;
const decodeBatch = load('kafkajs/src/protocol/recordBatch/v0/decoder') as (decoder: object) => Promise<{
  readonly records: readonly { offset: string; key: Buffer | null; value: Buffer | null; headers: object }[];
  readonly lastOffsetDelta: number;
}>;

const NOW = new Date('2026-03-02T08:00:00Z');
afterEach(() => void vi.useRealTimers());

/** Lengths around those where a variable-length integer gets one more byte. */
const bytes = fc
  .oneof(fc.nat(200), fc.constantFrom(0, 63, 64, 8191, 8192, 1_048_575, 1_048_576))
  .map((length) => Buffer.alloc(length, length));
const value = fc.oneof({ weight: 9, arbitrary: bytes }, { weight: 1, arbitrary: fc.constant(null) });
const headers = fc.dictionary(fc.string(), fc.oneof(fc.string(), bytes, fc.array(fc.string(), { maxLength: 3 })), {
  maxKeys: 3,
});
const message = fc.record({ key: fc.oneof(fc.constant(null), fc.string()), value, headers });
const messages = fc.array(message, { minLength: 1, maxLength: 130 }) as fc.Arbitrary<EncodableMessage[]>;

describe('a produce request', () => {
  it('has the bytes of the one that kafkajs makes', async () => {
    vi.useFakeTimers({ now: NOW, toFake: ['Date'] });
    const partition = fc.record({ partition: fc.nat(300), firstSequence: fc.nat(), messages });
    const options = fc.record({
      acks: fc.constantFrom(-1, 0, 1),
      timeout: fc.nat(),
      transactionalId: fc.constantFrom(null, 'flowtrie-flow.raw-3', 'ä'),
      producerId: fc.constantFrom('-1', '0', '9007199254740993'),
      producerEpoch: fc.nat(32_767),
      topicData: fc.array(
        fc.record({ topic: fc.string(), partitions: fc.array(partition, { minLength: 1, maxLength: 2 }) }),
        { maxLength: 2 },
      ),
    });
    await fc.assert(
      fc.asyncProperty(options, async (given) => {
        const mine = await encodeProduce(given, async () => expect.fail('nothing is compressed'));
        const theirs = await standard(given).encode();
        expect(mine.buffer.equals(theirs.buffer)).toBe(true);
        expect(mine.size()).toBe(theirs.buffer.length);
      }),
      { numRuns: 60 },
    );
  });

  it('can be read back when its records are compressed', async () => {
    const given = [
      { key: 'a', value: Buffer.from('2 one\n2 two\n'), headers: { 'flowtrie.offsets': '3-4' } },
      { key: null, value: null, headers: {} },
    ];
    const head = {
      ...{ codec: 1, transactional: true, producerId: 7n, producerEpoch: 2, firstSequence: 5 },
      timestamp: NOW.getTime(),
    };
    const batch = await encodeRecordBatch(given, head, async (records) => gzipSync(records));
    const { records, lastOffsetDelta } = await decodeBatch(new Decoder(batch));
    expect(lastOffsetDelta).toBe(1);
    expect(records.map(({ offset, key, value }) => [offset, key?.toString(), value?.toString()])).toEqual([
      ['0', 'a', '2 one\n2 two\n'],
      ['1', undefined, undefined],
    ]);
    expect(records[0]?.headers).toEqual({ 'flowtrie.offsets': Buffer.from('3-4') });
  });

  it('takes bytes of shared memory', async () => {
    const shared = new Uint8Array(new SharedArrayBuffer(3)).fill(50);
    const head = { codec: 0, transactional: false, producerId: -1n, producerEpoch: 0, firstSequence: 0, timestamp: 0 };
    const batch = await encodeRecordBatch([{ value: shared }], head, async (records) => records);
    const { records } = await decodeBatch(new Decoder(batch));
    expect(records[0]?.value?.toString()).toBe('222');
  });
});
