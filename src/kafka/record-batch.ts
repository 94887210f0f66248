import type { MessageList } from './message-list.ts';

/** Bytes in front of the length of a batch and with it, and of all that is in front of its records. */
const LENGTH_END = 12;
const HEAD_BYTES = 61;

const MAGIC_AT = 16;
const CODECS = 0x07;
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;

/** Key of the control record that ends an aborted transaction: version 0, type 0. */
const ABORT = 0;

/**
 * A record batch of version 2 (Kafka protocol guide, "Record Batch"). kafkajs takes it for a message, the last of the
 * batch, and so never makes an object for each.
 */
export interface RecordBatch {
  /** Of its last record, also where that is no more in a compacted topic. */
  readonly offset: string;
  readonly firstOffset: number;
  /** Records that are to be handed out: none of a mark, or of a transaction that was aborted. */
  count: number;
  /** The records, inflated. */
  readonly records: Uint8Array;
  /** Marks have to be handed out too: they are how far the partition has been read. */
  readonly isControlRecord: false;
}

/** A transaction in a fetched response that was aborted. */
export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: number;
}

/** Inflates the records of a batch with a codec that is not 0. */
export type Decompress = (codec: number, records: Buffer) => Promise<Buffer>;

/** True when bytes of a partition begin with a batch, not with a message set of brokers before 0.11. */
export function isBatch(bytes: Buffer): boolean {
  return bytes.length <= MAGIC_AT || bytes[MAGIC_AT] === 2;
}

/**
 * The batches of a partition, up to one that is cut short, as the last one of a response may be. `aborted` is in the
 * order of first offsets, as brokers send it.
 */
export async function recordBatches(
  bytes: Buffer,
  aborted: readonly AbortedTransaction[],
  decompress: Decompress,
): Promise<RecordBatch[]> {
  const batches: RecordBatch[] = [];
  const dropped = new Set<bigint>();
  let begun = 0;
  for (let at = 0; at + HEAD_BYTES <= bytes.length; ) {
    const end = at + LENGTH_END + bytes.readInt32BE(at + 8);
    if (end > bytes.length) break;
    const firstOffset = Number(bytes.readBigInt64BE(at));
    const attributes = bytes.readInt16BE(at + 21);
    const lastOffset = firstOffset + bytes.readInt32BE(at + 23);
    const producerId = bytes.readBigInt64BE(at + 43);
    const packed = bytes.subarray(at + HEAD_BYTES, end);
    for (let next = aborted[begun]; next !== undefined && next.firstOffset <= lastOffset; next = aborted[++begun])
      dropped.add(next.producerId);
    const isMark = (attributes & CONTROL) !== 0;
    const isDropped = (attributes & TRANSACTIONAL) !== 0 && dropped.has(producerId);
    if (isMark && markOf(packed) === ABORT) dropped.delete(producerId);
    const codec = attributes & CODECS;
    const skipped = isMark || isDropped;
    const records = codec === 0 || skipped ? packed : await decompress(codec, packed);
    const count = skipped ? 0 : bytes.readInt32BE(at + 57);
    batches.push({ offset: String(lastOffset), firstOffset, count, records, isControlRecord: false });
    at = end;
  }
  return batches;
}

/** Type of a control record: 0 = abort, 1 = commit. Its key is a version and the type, 16 bits each. */
function markOf(records: Buffer): number {
  const reader = new RecordReader(records);
  reader.varInt();
  reader.at++;
  reader.varInt();
  reader.varInt();
  const length = reader.varInt();
  return length < 4 ? -1 : records.readInt16BE(reader.at + 2);
}

/** Adds the messages of a batch. */
export function addMessages(list: MessageList, { firstOffset, count, records }: RecordBatch): void {
  if (count === 0) return;
  list.addSource(records);
  const reader = new RecordReader(records);
  for (let i = 0; i < count; i++) {
    const length = reader.varInt();
    const end = reader.at + length;
    reader.at++; // attributes, none is in use
    reader.skipVarInt(); // time since that of the batch
    const offset = firstOffset + reader.varInt();
    const keyLength = reader.varInt();
    if (keyLength > 0) reader.at += keyLength;
    const valueLength = reader.varInt();
    if (valueLength < 0) list.add(offset, -1, -1);
    else list.add(offset, reader.at, reader.at + valueLength);
    reader.at = end;
  }
}

/** Zigzag-coded integers of 32 bits, as Protocol Buffers have them. */
class RecordReader {
  at = 0;
  private readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  varInt(): number {
    let byte = this.bytes[this.at++] ?? 0;
    let value = byte & 0x7f;
    for (let shift = 7; byte >= 0x80; shift += 7) {
      byte = this.bytes[this.at++] ?? 0;
      value |= (byte & 0x7f) << shift;
    }
    return (value >>> 1) ^ -(value & 1);
  }

  /** Of any length. */
  skipVarInt(): void {
    while ((this.bytes[this.at++] ?? 0) >= 0x80);
  }
}
