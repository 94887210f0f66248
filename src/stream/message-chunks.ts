import type { MessageList } from '../kafka/message-list.ts';
import { type Notification, notificationOf } from '../source/notification.ts';
import type { ValueChunk } from '../source/values.ts';

/** Messages of one partition that are one task. */
export interface MessageChunk {
  readonly values: ValueChunk;
  /** Offset of each message. */
  readonly offsets: Float64Array;
  /** Offset behind the last message. */
  readonly next: number;
  /** The objects that its one message names, which are read besides; null = messages that name none. */
  readonly notification: Notification | null;
}

/** Bytes of messages in one task: long enough to keep the pool's cost a task low, short enough for all workers. */
const CHUNK_BYTES = 512 * 1024;

/** Messages in one task. */
const CHUNK_MESSAGES = 16_384;

const NEWLINE = 10;

/**
 * Copies messages, which are in offset order, into chunks of shared memory; those below `position` were taken before,
 * those without a value say nothing. One message is never cut, and one that names objects is alone. No chunk has
 * messages from both sides of one of `borders`.
 */
export function* messageChunks(
  messages: MessageList,
  position: number,
  borders: readonly number[] = [],
): Generator<MessageChunk> {
  let from = 0;
  while (from < messages.length && messages.offset(from) < position) from++;
  while (from < messages.length) {
    let bytes = 0;
    let to = from;
    let notification: Notification | null = null;
    for (; to < messages.length && bytes < CHUNK_BYTES && to - from < CHUNK_MESSAGES; to++) {
      if (to > from && isBorder(borders, messages.offset(from), messages.offset(to))) break;
      notification = notificationAt(messages, to);
      if (notification !== null) break;
      bytes += messages.bytes(to) + 1;
    }
    if (to > from) yield chunkOf(messages, from, to, bytes, null);
    from = to;
    if (notification === null) continue;
    yield chunkOf(messages, to, to + 1, messages.bytes(to) + 1, notification);
    from++;
  }
}

/** A record begins with a digit: most messages are not even looked at. */
function notificationAt(messages: MessageList, index: number): Notification | null {
  if (messages.bytes(index) === 0) return null;
  const first = messages.byte(index, 0);
  if (first >= 48 && first <= 57) return null;
  return notificationOf(messages.value(index) ?? new Uint8Array(0));
}

function isBorder(borders: readonly number[], first: number, offset: number): boolean {
  return borders.some((border) => first < border && offset >= border);
}

/** `bytes`: room for the values and a newline each. */
function chunkOf(
  messages: MessageList,
  from: number,
  to: number,
  bytes: number,
  notification: Notification | null,
): MessageChunk {
  const shared = new SharedArrayBuffer(bytes);
  const target = new Uint8Array(shared);
  const ends = new Uint32Array(new SharedArrayBuffer(4 * (to - from)));
  const offsets = new Float64Array(to - from);
  let at = 0;
  for (let i = from; i < to; i++) {
    const start = at;
    at = messages.copy(i, target, at);
    const compressed = at - start > 1 && target[start] === 0x1f && target[start + 1] === 0x8b;
    if (at > start && !compressed && target[at - 1] !== NEWLINE) target[at++] = NEWLINE;
    ends[i - from] = at;
    offsets[i - from] = messages.offset(i);
  }
  const values: ValueChunk = { bytes: shared, length: at, ends, apart: false, objectsRead: notification !== null };
  return { values, offsets, next: (offsets.at(-1) ?? 0) + 1, notification };
}
