import { constants, gunzipSync } from 'node:zlib';
import { type EnvelopeTarget, openMessage, startsJson } from './envelope.ts';

/** An object that a notification names. */
export interface NamedObject {
  readonly bucket: string;
  readonly key: string;
}

/** What S3 event notifications in one message name, in their order. */
export interface Notification {
  readonly objects: readonly NamedObject[];
  /** Events that name nothing to read. */
  readonly ignored: number;
}

/** Every event names its `bucket`, S3's test event its `Bucket`; a flow log hardly ever has the word. */
const MARK = Buffer.from('ucket');

/** Bytes of a compressed message that are inflated to see whether events begin there: an envelope and a first event. */
const HEAD_BYTES = 2048;

/**
 * The objects that a message names: an S3 event notification, also within SNS, SQS, Lambda or EventBridge JSON, or
 * gzip of any. Null for every other message, which costs a look at its first byte, or a search for a word in JSON.
 */
export function notificationOf(value: Uint8Array): Notification | null {
  const first = value[0] ?? 0;
  const compressed = first === 0x1f && value[1] === 0x8b;
  // a record begins with a digit: most messages end here
  if (!compressed && ((first >= 48 && first <= 57) || !startsJson(value))) return null;
  const text = compressed ? inflatedHead(value) : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (!text.includes(MARK)) return null;
  const target = new ObjectNames();
  openMessage(value, target);
  return target.objects.length + target.ignored > 0 ? target : null;
}

function inflatedHead(value: Uint8Array): Buffer {
  try {
    return gunzipSync(value.subarray(0, HEAD_BYTES), { finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    return Buffer.alloc(0);
  }
}

/** Everything else in the message is decoded where it is analyzed. */
class ObjectNames implements EnvelopeTarget, Notification {
  readonly objects: NamedObject[] = [];
  ignored = 0;

  object(bucket: string, key: string): void {
    this.objects.push({ bucket, key });
  }

  noObject(): void {
    this.ignored++;
  }

  message(): void {}
  record(): void {}
  broken(): void {}
}
