import { strict as assert } from 'node:assert';
import { type FileHandle, open } from 'node:fs/promises';
import { Message } from 'apache-arrow';

/** In front of a message's metadata: continuation marker i32 −1 · length of the metadata i32. */
export const PREFIX_BYTES = 8;

/** Metadata of the messages as apache-arrow decodes it. */
export interface Region {
  readonly offset: number;
  readonly length: number;
}

export interface RawMessage {
  readonly message: Message;
  readonly metadata: Uint8Array;
  readonly body: Uint8Array;
}

export function messagePrefix(metadataLength: number): Uint8Array {
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeInt32LE(-1, 0);
  prefix.writeInt32LE(metadataLength, 4);
  return prefix;
}

export function* messagesOf(bytes: Uint8Array): Generator<RawMessage> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.length; ) {
    const start = at + PREFIX_BYTES;
    const metadata = bytes.subarray(start, start + view.getInt32(at + 4, true));
    const message = Message.decode(metadata);
    at = start + metadata.length + message.bodyLength;
    yield { message, metadata, body: bytes.subarray(start + metadata.length, at) };
  }
}

/** Messages of a part file, one in memory at a time. */
export async function* partMessages(path: string): AsyncGenerator<RawMessage> {
  const file = await open(path);
  try {
    for (let at = 0; ; ) {
      const prefix = await readExactly(file, at, PREFIX_BYTES);
      if (prefix === null) return;
      const metadata = await readExactly(file, at + PREFIX_BYTES, new DataView(prefix.buffer).getInt32(4, true));
      assert(metadata !== null, `${path} ends inside a message`);
      const message = Message.decode(metadata);
      const bodyAt = at + PREFIX_BYTES + metadata.length;
      const body = message.bodyLength === 0 ? new Uint8Array(0) : await readExactly(file, bodyAt, message.bodyLength);
      assert(body !== null, `${path} ends inside a message`);
      at = bodyAt + body.length;
      yield { message, metadata, body };
    }
  } finally {
    await file.close();
  }
}

/** `count` bytes at a position, in a buffer of their own; null at the end of the file. */
async function readExactly(file: FileHandle, position: number, count: number): Promise<Uint8Array<ArrayBuffer> | null> {
  const bytes = new Uint8Array(count);
  let filled = 0;
  while (filled < count) {
    const { bytesRead } = await file.read(bytes, filled, count - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  assert(filled === count || filled === 0, 'a part file is cut inside a message');
  return filled === count ? bytes : null;
}
