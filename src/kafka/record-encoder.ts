import { createRequire } from 'node:module';
import { processorCrc32c } from '../model/checksum.ts';

/** A message as kafkajs hands it to a produce request. */
export interface EncodableMessage {
  readonly key?: Uint8Array | string | null;
  readonly value: Uint8Array | string | null;
  readonly headers?: Readonly<Record<string, HeaderValue | readonly HeaderValue[]>>;
}

type HeaderValue = Uint8Array | string | null;

/** What is said once for all records of a batch. */
export interface BatchHead {
  /** Codec of the records, 0 = none; the lowest three bits of the attributes. */
  readonly codec: number;
  /** Whether the batch is part of a transaction. */
  readonly transactional: boolean;
  /** −1 = the producer is not idempotent. */
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly firstSequence: number;
  /** Unix milliseconds of all records. */
  readonly timestamp: number;
}

/** Bytes in front of the records of a batch, and of them those that the checksum does not cover. */
const HEAD_BYTES = 61;
const CHECKED_FROM = 21;

const MAGIC = 2;
const TRANSACTIONAL = 0x10;

/**
 * A record batch of version 2 (Kafka protocol guide, "Record Batch"); each byte is written once, where kafkajs copies
 * it through a growing buffer for each level of the request. `compress` is asked when there is a codec.
 */
export async function encodeRecordBatch(
  messages: readonly EncodableMessage[],
  head: BatchHead,
  compress: (records: Buffer) => Promise<Buffer>,
): Promise<Buffer> {
  const records = messages.map(({ key, value, headers }, offset) => recordOf(offset, key, value, headers));
  const length = records.reduce((sum, record) => sum + varIntBytes(record.length) + record.length, 0);
  if (head.codec === 0) return withHead(writeRecords(records, HEAD_BYTES, length), messages.length, head);
  const compressed = await compress(writeRecords(records, 0, length));
  const batch = Buffer.allocUnsafeSlow(HEAD_BYTES + compressed.length);
  batch.set(compressed, HEAD_BYTES);
  return withHead(batch, messages.length, head);
}

/** A record: what it is made of, where a number stands for a variable-length integer. */
interface EncodableRecord {
  readonly parts: readonly (number | Uint8Array)[];
  readonly length: number;
}

function recordOf(
  offset: number,
  key: EncodableMessage['key'],
  value: EncodableMessage['value'],
  headers: EncodableMessage['headers'] = {},
): EncodableRecord {
  const named = Object.entries(headers).flatMap(([name, values]) =>
    (Array.isArray(values) ? (values as readonly HeaderValue[]) : [values as HeaderValue]).map((one) => ({
      name,
      one,
    })),
  );
  // attributes and the time since that of the batch are zeros, written alike as one byte each
  const parts: (number | Uint8Array)[] = [0, 0, offset, ...sized(key), ...sized(value), named.length];
  for (const { name, one } of named) parts.push(...sized(name), ...sized(one));
  const length = parts.reduce<number>(
    (sum, part) => sum + (typeof part === 'number' ? varIntBytes(part) : part.length),
    0,
  );
  return { parts, length };
}

/** Bytes with their length in front; −1 = there are none. */
function sized(value: Uint8Array | string | null | undefined): [number] | [number, Uint8Array] {
  if (value === null || value === undefined) return [-1];
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  return [bytes.length, bytes];
}

/** Records behind `from` bytes that are still to be written. */
function writeRecords(records: readonly EncodableRecord[], from: number, length: number): Buffer {
  const target = Buffer.allocUnsafeSlow(from + length);
  let at = from;
  for (const record of records) {
    at = writeVarInt(target, at, record.length);
    for (const part of record.parts) {
      if (typeof part === 'number') at = writeVarInt(target, at, part);
      else {
        target.set(part, at);
        at += part.length;
      }
    }
  }
  return target;
}

function withHead(batch: Buffer, count: number, head: BatchHead): Buffer {
  const { codec, transactional, producerId, producerEpoch, firstSequence, timestamp } = head;
  batch.writeBigInt64BE(0n, 0); // base offset: the broker's
  batch.writeInt32BE(batch.length - 12, 8);
  batch.writeInt32BE(0, 12); // leader epoch: the broker's
  batch.writeInt8(MAGIC, 16);
  batch.writeInt16BE(codec | (transactional ? TRANSACTIONAL : 0), 21);
  batch.writeInt32BE(count - 1, 23);
  batch.writeBigInt64BE(BigInt(timestamp), 27);
  batch.writeBigInt64BE(BigInt(timestamp), 35);
  batch.writeBigInt64BE(producerId, 43);
  batch.writeInt16BE(producerEpoch, 51);
  batch.writeInt32BE(firstSequence, 53);
  batch.writeInt32BE(count, 57);
  batch.writeUInt32BE(crc32c(batch.subarray(CHECKED_FROM)), 17);
  return batch;
}

/** Bytes of a zigzag-coded integer of 32 bits, as Protocol Buffers have them. */
function varIntBytes(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
  if (zigzag < 0x80) return 1;
  if (zigzag < 0x4000) return 2;
  if (zigzag < 0x20_0000) return 3;
  return zigzag < 0x1000_0000 ? 4 : 5;
}

function writeVarInt(target: Uint8Array, from: number, value: number): number {
  let zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
  let at = from;
  for (; zigzag >= 0x80; zigzag >>>= 7) target[at++] = (zigzag & 0x7f) | 0x80;
  target[at++] = zigzag;
  return at;
}

/** The processor's CRC-32C, or kafkajs's, which takes many times as long, where there is none built. */
const crc32c: (bytes: Uint8Array) => number =
  processorCrc32c() ?? createRequire(import.meta.url)('kafkajs/src/protocol/recordBatch/crc32C');
