import { strict as assert } from 'node:assert';
import { CompressionType, Message } from 'apache-arrow';
import {
  BodyCompression,
  BufferRegion,
  DictionaryBatch,
  FieldNode,
  RecordBatch,
} from 'apache-arrow/ipc/metadata/message';
import type { ArrowBody } from './arrow-body.ts';
import type { ArrowCodec } from './arrow-compression.ts';

/** In front of a message's metadata: continuation marker i32 −1 · length of the metadata i32. */
const PREFIX_BYTES = 8;
const CONTINUATION = -1;

export interface RawMessage {
  readonly message: Message;
  /** With its prefix. */
  readonly metadata: Uint8Array;
  readonly body: Uint8Array;
  /** Of metadata and body. */
  readonly byteLength: number;
}

export function recordMessage(rows: number, body: ArrowBody, codec: ArrowCodec | null): Uint8Array {
  return encoded(batchOf(rows, body, codec), body);
}

export function dictionaryMessage(id: number, count: number, body: ArrowBody, codec: ArrowCodec | null): Uint8Array {
  return encoded(new DictionaryBatch(batchOf(count, body, codec), id, false), body);
}

function batchOf(rows: number, { nodes, regions }: ArrowBody, codec: ArrowCodec | null): RecordBatch {
  const type = codec === null ? null : codec.name === 'lz4' ? CompressionType.LZ4_FRAME : CompressionType.ZSTD;
  return new RecordBatch(
    rows,
    nodes.map(({ length, nullCount }) => new FieldNode(length, nullCount)),
    regions.map(({ offset, length }) => new BufferRegion(offset, length)),
    type === null ? null : new BodyCompression(type),
  );
}

function encoded(header: RecordBatch | DictionaryBatch, body: ArrowBody): Uint8Array {
  const metadata = Message.encode(Message.from(header, body.view().length));
  return withPrefix(metadata);
}

/** Metadata with its prefix, padded so that the body begins at a multiple of eight. */
function withPrefix(metadata: Uint8Array): Uint8Array {
  const padded = Math.ceil(metadata.length / 8) * 8;
  const bytes = Buffer.alloc(PREFIX_BYTES + padded);
  bytes.writeInt32LE(CONTINUATION, 0);
  bytes.writeInt32LE(padded, 4);
  bytes.set(metadata, PREFIX_BYTES);
  return bytes;
}

/** Bytes of a part from a position on, fewer at its end only. */
export type ReadPart = (position: number, count: number) => Promise<Uint8Array>;

/** The message at a position; null at the end of the part. Valid as long as what is read last. */
export async function messageAt(read: ReadPart, at: number): Promise<RawMessage | null> {
  const prefix = await read(at, PREFIX_BYTES);
  if (prefix.length === 0) return null;
  const words = new DataView(prefix.buffer, prefix.byteOffset, prefix.byteLength);
  assert(words.getInt32(0, true) === CONTINUATION, 'a part holds Arrow messages');
  const bodyAt = PREFIX_BYTES + words.getInt32(4, true);
  const { bodyLength } = Message.decode((await read(at, bodyAt)).subarray(PREFIX_BYTES));
  const bytes = await read(at, bodyAt + bodyLength);
  assert(bytes.length === bodyAt + bodyLength, 'a part is cut inside a message');
  // it reads its header when asked for it: from bytes that stay
  const message = Message.decode(bytes.subarray(PREFIX_BYTES, bodyAt));
  return { message, metadata: bytes.subarray(0, bodyAt), body: bytes.subarray(bodyAt), byteLength: bytes.length };
}
