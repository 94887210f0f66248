import { type AbortedTransaction, type Decompress, isBatch, type RecordBatch, recordBatches } from './record-batch.ts';

/** What kafkajs makes of a response to a fetch of version 11, but for its messages. */
export interface FetchResponse<Message> {
  readonly throttleTime: number;
  readonly clientSideThrottleTime: number;
  readonly errorCode: number;
  readonly sessionId: number;
  readonly responses: readonly {
    readonly topicName: string;
    readonly partitions: readonly {
      readonly partition: number;
      readonly errorCode: number;
      readonly highWatermark: string;
      readonly lastStableOffset: string;
      readonly lastStartOffset: string;
      /** They are dealt with here. */
      readonly abortedTransactions: readonly never[];
      readonly preferredReadReplica: number;
      readonly messages: readonly Message[];
    }[];
  }[];
}

/** Reads messages that are no batches: `bytes` begin with their length. */
export type ReadMessageSet<Message> = (bytes: Buffer) => Promise<readonly Message[]>;

/**
 * Fetch Response (Version: 11) => throttle_time_ms error_code session_id [topic [partition error_code high_watermark
 * last_stable_offset log_start_offset [producer_id first_offset] preferred_read_replica record_set]]
 */
export async function decodeFetch<Message>(
  bytes: Buffer,
  decompress: Decompress,
  readMessageSet: ReadMessageSet<Message>,
): Promise<FetchResponse<Message | RecordBatch>> {
  const reader = new Reader(bytes);
  // the broker has not held this answer back: kafkajs would wait a second time
  const head = { throttleTime: 0, clientSideThrottleTime: reader.int32(), errorCode: reader.int16() };
  const sessionId = reader.int32();
  const responses = [];
  for (let topics = reader.int32(); topics > 0; topics--) {
    const topicName = reader.text();
    const partitions = [];
    for (let left = reader.int32(); left > 0; left--)
      partitions.push(await partitionOf(reader, decompress, readMessageSet));
    responses.push({ topicName, partitions });
  }
  return { ...head, sessionId, responses };
}

async function partitionOf<Message>(reader: Reader, decompress: Decompress, readMessageSet: ReadMessageSet<Message>) {
  const partition = reader.int32();
  const errorCode = reader.int16();
  const highWatermark = String(reader.int64());
  const lastStableOffset = String(reader.int64());
  const lastStartOffset = String(reader.int64());
  const aborted: AbortedTransaction[] = [];
  for (let left = reader.int32(); left > 0; left--)
    aborted.push({ producerId: reader.int64(), firstOffset: Number(reader.int64()) });
  const preferredReadReplica = reader.int32();
  const sized = reader.sized();
  const records = sized.subarray(4);
  const messages = isBatch(records) ? await recordBatches(records, aborted, decompress) : await readMessageSet(sized);
  const facts = { partition, errorCode, highWatermark, lastStableOffset, lastStartOffset, preferredReadReplica };
  return { ...facts, abortedTransactions: [], messages };
}

class Reader {
  private readonly bytes: Buffer;
  private at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  int16(): number {
    this.at += 2;
    return this.bytes.readInt16BE(this.at - 2);
  }

  int32(): number {
    this.at += 4;
    return this.bytes.readInt32BE(this.at - 4);
  }

  int64(): bigint {
    this.at += 8;
    return this.bytes.readBigInt64BE(this.at - 8);
  }

  text(): string {
    const length = this.int16();
    this.at += length;
    return this.bytes.toString('utf8', this.at - length, this.at);
  }

  /** Bytes with their length in front. */
  sized(): Buffer {
    const from = this.at;
    const length = this.int32();
    this.at += Math.max(0, length);
    return this.bytes.subarray(from, this.at);
  }
}
