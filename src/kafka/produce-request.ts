import type { BatchHead, EncodableMessage } from './record-encoder.ts';
import { encodeRecordBatch } from './record-encoder.ts';

/** What kafkajs asks of a produce request of versions 3 to 7. */
export interface ProduceOptions {
  readonly acks: number;
  readonly timeout: number;
  readonly transactionalId?: string | null;
  /** Absent or −1 = not idempotent. */
  readonly producerId?: { toString(): string };
  readonly producerEpoch?: number;
  readonly compression?: number;
  readonly topicData: readonly {
    readonly topic: string;
    readonly partitions: readonly {
      readonly partition: number;
      readonly firstSequence?: number;
      readonly messages: readonly (EncodableMessage & { readonly timestamp?: string | number })[];
    }[];
  }[];
}

/** What a request of kafkajs is made of: an encoder, as far as its frame looks at one. */
export interface Encoded {
  readonly buf: Buffer;
  readonly buffer: Buffer;
  size(): number;
}

/** Compresses the records of a batch with a codec that is not 0. */
export type Compress = (codec: number, records: Buffer) => Promise<Buffer>;

/** Produce Request (Version: 3) => transactional_id acks timeout [topic [partition record_set]] */
export async function encodeProduce(options: ProduceOptions, compress: Compress): Promise<Encoded> {
  const { acks, timeout, transactionalId = null, topicData } = options;
  const parts: Uint8Array[] = [text(transactionalId), int16(acks), int32(timeout), int32(topicData.length)];
  for (const { topic, partitions } of topicData) {
    parts.push(text(topic), int32(partitions.length));
    for (const { partition, messages, firstSequence = 0 } of partitions) {
      const head = headOf(options, firstSequence);
      const batch = await encodeRecordBatch(messages, head, (records) => compress(head.codec, records));
      parts.push(int32(partition), int32(batch.length), batch);
    }
  }
  const buffer = Buffer.concat(parts);
  return { buf: buffer, buffer, size: () => buffer.length };
}

function headOf(options: ProduceOptions, firstSequence: number): BatchHead {
  const { transactionalId = null, producerId = -1, producerEpoch = 0, compression = 0 } = options;
  return {
    codec: compression & 7,
    transactional: transactionalId !== null && transactionalId !== '',
    producerId: BigInt(producerId.toString()),
    producerEpoch,
    firstSequence,
    timestamp: Date.now(),
  };
}

function int16(value: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function text(value: string | null): Uint8Array {
  if (value === null) return int16(-1);
  const bytes = Buffer.from(value);
  return Buffer.concat([int16(bytes.length), bytes]);
}
