import { createRequire } from 'node:module';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeFetch } from '../../../src/kafka/fetch-response.ts';
import { MessageList } from '../../../src/kafka/message-list.ts';
import { type AbortedTransaction, addMessages, recordBatches } from '../../../src/kafka/record-batch.ts';
import { encodeRecordBatch } from '../../../src/kafka/record-encoder.ts';

const load = createRequire(import.meta.url);
const standard = load('kafkajs/src/protocol/requests/fetch/v11/response') as {
  decode(bytes: Buffer): Promise<{ readonly responses: readonly { readonly partitions: readonly Partition[] }[] }>;
};

interface Partition {
  readonly messages: readonly { readonly offset: string; readonly value: Buffer | null }[];
}

const GZIP = 1;
const MAGIC_AT = 16;
const CONTROL = 0x20;
/** Version 0, and the type: 0 = abort, 1 = commit. */
const MARKS = { abort: Buffer.from([0, 0, 0, 0]), commit: Buffer.from([0, 0, 0, 1]) };

interface Batch {
  readonly firstOffset: number;
  readonly values: readonly (string | null)[];
  readonly producer?: bigint;
  readonly mark?: keyof typeof MARKS;
  readonly codec?: number;
}

/** A batch as a broker hands it out: its first offset is known, and marks are batches of one record. */
async function bytesOf({ firstOffset, values, producer, mark, codec = 0 }: Batch): Promise<Buffer> {
  const head = {
    ...{ codec, transactional: producer !== undefined, producerId: producer ?? -1n, producerEpoch: 0 },
    ...{ firstSequence: 0, timestamp: 1_772_438_400_000 },
  };
  const messages =
    mark === undefined
      ? values.map((value) => ({ key: 'a key', value, headers: { h: 'x' } }))
      : [{ key: MARKS[mark], value: 'coordinator' }];
  const batch = await encodeRecordBatch(messages, head, async (records) => gzipSync(records));
  batch.writeBigInt64BE(BigInt(firstOffset), 0);
  if (mark !== undefined) batch.writeInt16BE(batch.readInt16BE(21) | CONTROL, 21);
  return batch;
}

async function read(bytes: Buffer, aborted: readonly AbortedTransaction[] = []): Promise<[number, string | null][]> {
  const batches = await recordBatches(bytes, aborted, async (_, records) => gunzipSync(records));
  const list = new MessageList(batches.reduce((sum, { count }) => sum + count, 0));
  for (const batch of batches) addMessages(list, batch);
  return Array.from({ length: list.length }, (_, i) => {
    const value = list.value(i);
    return [list.offset(i), value === null ? null : Buffer.from(value).toString()];
  });
}

/** A response with one partition. */
function response(records: Buffer): Buffer {
  const head = Buffer.alloc(4 + 2 + 4 + 4 + 2 + 3 + 4 + 4 + 2 + 8 + 8 + 8 + 4 + 4 + 4);
  let at = 10;
  at = head.writeInt32BE(1, at);
  at = head.writeInt16BE(3, at);
  at += head.write('raw', at);
  at = head.writeInt32BE(1, at);
  at = head.writeInt32BE(7, at);
  at = head.writeInt16BE(0, at);
  for (const offset of [90n, 80n, 0n]) at = head.writeBigInt64BE(offset, at);
  at = head.writeInt32BE(0, at);
  at = head.writeInt32BE(-1, at);
  head.writeInt32BE(records.length, at);
  return Buffer.concat([head, records]);
}

const noMessageSet = (): never => expect.fail('there is no message set');

describe('record batches', () => {
  const value = fc.oneof(
    fc.constant(null),
    fc.string(),
    fc.nat(300).map((length) => 'x'.repeat(length)),
  );
  const batch = fc.record({
    values: fc.array(value, { minLength: 1, maxLength: 200 }),
    codec: fc.constantFrom(0, GZIP),
  });

  it('have the messages that kafkajs finds in them, also when the last one is cut short', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(batch, { maxLength: 4 }), fc.nat(400), async (batches, cut) => {
        let firstOffset = 2 ** 33;
        const parts: Buffer[] = [];
        for (const { values, codec } of batches) {
          parts.push(await bytesOf({ firstOffset, values, codec }));
          firstOffset += values.length;
        }
        const whole = Buffer.concat(parts);
        const bytes = whole.subarray(0, Math.max(0, whole.length - cut));
        // kafkajs itself stumbles over less than that
        if (bytes.length <= MAGIC_AT) {
          expect(await read(bytes)).toEqual([]);
          return;
        }
        const theirs = await standard.decode(response(bytes));
        const messages = theirs.responses[0]?.partitions[0]?.messages ?? [];
        expect(await read(bytes)).toEqual(
          messages.map(({ offset, value: found }) => [Number(offset), found === null ? null : found.toString()]),
        );
      }),
      { numRuns: 100 },
    );
  });

  it('come in a response whose facts are those that kafkajs reads', async () => {
    const bytes = response(await bytesOf({ firstOffset: 5, values: ['a', 'b'] }));
    const mine = await decodeFetch(bytes, noMessageSet, noMessageSet);
    const theirs = await standard.decode(bytes);
    const facts = (all: unknown): unknown =>
      JSON.parse(JSON.stringify(all, (name, value: unknown) => (name === 'messages' ? undefined : value)));
    expect(facts(mine)).toEqual(facts(theirs));
    expect(mine.responses[0]?.partitions[0]?.messages).toMatchObject([{ offset: '6', firstOffset: 5, count: 2 }]);
  });

  it('that are empty, or older than batches are left to who knows them', async () => {
    const empty = await decodeFetch(response(Buffer.alloc(0)), noMessageSet, noMessageSet);
    expect(empty.responses[0]?.partitions[0]?.messages).toEqual([]);
    const old = Buffer.alloc(30);
    old[16] = 1;
    const read = async (bytes: Buffer): Promise<string[]> => [`${bytes.readInt32BE(0)} bytes`];
    const found = await decodeFetch(response(old), noMessageSet, read);
    expect(found.responses[0]?.partitions[0]?.messages).toEqual(['30 bytes']);
  });

  it('of aborted transactions and marks have no messages, but an offset', async () => {
    const batches: Batch[] = [
      { firstOffset: 10, values: ['of nobody'] },
      { firstOffset: 11, values: ['dropped'], producer: 1n },
      { firstOffset: 12, values: ['kept'], producer: 2n },
      { firstOffset: 13, values: [], producer: 1n, mark: 'abort' },
      { firstOffset: 14, values: ['kept later'], producer: 1n },
      { firstOffset: 15, values: [], producer: 2n, mark: 'commit' },
      { firstOffset: 16, values: [], producer: 1n, mark: 'commit' },
    ];
    const bytes = Buffer.concat(await Promise.all(batches.map(bytesOf)));
    const aborted = [{ producerId: 1n, firstOffset: 11 }];
    expect(await read(bytes, aborted)).toEqual([
      [10, 'of nobody'],
      [12, 'kept'],
      [14, 'kept later'],
    ]);
    const offsets = (await recordBatches(bytes, aborted, noMessageSet)).map(({ offset }) => offset);
    expect(offsets).toEqual(['10', '11', '12', '13', '14', '15', '16']);
  });

  it('of two transactions that were aborted and began before what was fetched are both dropped', async () => {
    const batches: Batch[] = [
      { firstOffset: 20, values: ['of the later one'], producer: 2n },
      { firstOffset: 21, values: ['of the earlier one'], producer: 1n },
      { firstOffset: 22, values: ['kept'] },
    ];
    const aborted = [
      { producerId: 1n, firstOffset: 3 },
      { producerId: 2n, firstOffset: 4 },
    ];
    expect(await read(Buffer.concat(await Promise.all(batches.map(bytesOf))), aborted)).toEqual([[22, 'kept']]);
  });
});
