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
import { openPart, type Part, type PartReader } from './part.ts';

/** In front of a message's metadata: continuation marker i32 −1 · length of the metadata i32. */
const PREFIX_BYTES = 8;
const CONTINUATION = -1;

export interface RawMessage {
  readonly message: Message;
  readonly metadata: Uint8Array;
  readonly body: Uint8Array;
  /** Of prefix, metadata and body. */
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
export function withPrefix(metadata: Uint8Array): Uint8Array {
  const padded = Math.ceil(metadata.length / 8) * 8;
  const bytes = Buffer.alloc(PREFIX_BYTES + padded);
  bytes.writeInt32LE(CONTINUATION, 0);
  bytes.writeInt32LE(padded, 4);
  bytes.set(metadata, PREFIX_BYTES);
  return bytes;
}

/** Messages of a part, one in memory at a time. */
export async function* partMessages(part: Part): AsyncGenerator<RawMessage> {
  const reader = await openPart(part);
  try {
    for (let at = 0; ; ) {
      const raw = await messageAt(reader, at);
      if (raw === null) return;
      at += raw.byteLength;
      yield raw;
    }
  } finally {
    await reader.close();
  }
}

/** The message at a position; null at the end of the part. */
export async function messageAt(reader: PartReader, at: number): Promise<RawMessage | null> {
  const prefix = await reader.read(at, PREFIX_BYTES);
  if (prefix.length === 0) return null;
  const view = new DataView(prefix.buffer, prefix.byteOffset, prefix.byteLength);
  assert(view.getInt32(0, true) === CONTINUATION, 'a part holds Arrow messages');
  const metadataBytes = view.getInt32(4, true);
  const metadata = await reader.read(at + PREFIX_BYTES, metadataBytes);
  const message = Message.decode(metadata);
  const body = await reader.read(at + PREFIX_BYTES + metadataBytes, message.bodyLength);
  assert(body.length === message.bodyLength, 'a part is cut inside a message');
  return { message, metadata, body, byteLength: PREFIX_BYTES + metadataBytes + body.length };
}
