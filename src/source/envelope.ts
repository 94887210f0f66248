import { gunzipSync } from 'node:zlib';
import { fieldSpelled } from '../model/flow.ts';
import { jsonOf, parseExactly, textOf } from './exact-json.ts';
import { DOCUMENT_BYTES_MAX, JsonFramer } from './json-framer.ts';
import { OCSF_CLASS, OCSF_FIELDS, ocsfValues } from './ocsf.ts';
import type { SliceTarget } from './slice-buffer.ts';

/** What a message of a queue, a stream or a file of JSON is unwrapped into. */
export interface EnvelopeTarget extends SliceTarget {
  /** An S3 event notification: a new object, its key as it is (not URL-encoded). */
  object(bucket: string, key: string): void;
  /** An S3 event notification that names nothing to read: the test event, or an object that was removed. */
  noObject(): void;
}

/** Envelopes inside envelopes: SQS around SNS around Firehose around gzip around a subscription is five. */
const WRAPS_MAX = 8;

type Json = Readonly<Record<string, unknown>>;

/**
 * Unwraps one message, whatever it is: lines of text, gzip or base64 of anything, one or many JSON documents (see
 * openDocument). Every line, record, object and fault is told to the target in order; nothing is thrown.
 */
export function openMessage(bytes: Uint8Array, target: EnvelopeTarget, wraps = 0): void {
  if (wraps > WRAPS_MAX) {
    target.broken('encoding', bytes);
  } else if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    const text = inflate(bytes);
    if (text === undefined) target.broken('encoding', bytes);
    else openMessage(text, target, wraps + 1);
  } else if (startsJson(bytes)) {
    const framer = new JsonFramer(documentTarget(target, wraps));
    framer.push(bytes);
    framer.finish();
  } else if (isBase64OfGzip(bytes)) {
    openMessage(Buffer.from(Buffer.from(bytes).toString('latin1'), 'base64'), target, wraps + 1);
  } else {
    target.message(bytes[bytes.length - 1] === 10 ? bytes.subarray(0, -1) : bytes);
  }
}

/** Takes what a JsonFramer finds and unwraps it. */
export function documentTarget(target: EnvelopeTarget, wraps = 0): ConstructorParameters<typeof JsonFramer>[0] {
  return {
    document: (text) => openDocument(text, target, wraps),
    line: (text) => target.message(text),
    broken: (text) => target.broken('json', text),
  };
}

/** True when the first byte that is no blank opens an object or a list. */
export function startsJson(bytes: Uint8Array): boolean {
  let at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  while (at < bytes.length && (bytes[at] ?? 0) <= 32) at++;
  return bytes[at] === 0x7b || (bytes[at] === 0x5b && opensValue(bytes, at + 1));
}

/** Behind the bracket of a list only a value or the end of the list may stand: `[error] text` is no list. */
function opensValue(bytes: Uint8Array, from: number): boolean {
  let at = from;
  while (at < bytes.length && (bytes[at] ?? 0) <= 32) at++;
  return at === bytes.length || [0x7b, 0x5b, 0x5d, 0x22].includes(bytes[at] ?? 0);
}

/**
 * One JSON document: a CloudWatch Logs subscription, `awslogs.data` of a Lambda event, Kinesis, SNS, SQS and S3
 * records, a Firehose transformation event, `{"message": …}` lines, what `aws logs filter-log-events` prints, an OCSF
 * event of class 4001, or an object whose keys are names of flow log fields.
 */
function openDocument(text: Uint8Array, target: EnvelopeTarget, wraps: number): void {
  let value: unknown;
  try {
    value = parseExactly(text);
  } catch {
    target.broken('json', text);
    return;
  }
  const opened =
    typeof value === 'string' ? openText(value, target, wraps) : isObject(value) && openObject(value, target, wraps);
  if (!opened) target.broken('no-record', text);
}

/** False when the object holds nothing that is known here. */
function openObject(value: Json, target: EnvelopeTarget, wraps: number): boolean {
  if (wraps > WRAPS_MAX) return false;
  if (Array.isArray(value.logEvents)) {
    return value.messageType === 'CONTROL_MESSAGE' || openEach(value.logEvents, target, wraps, openEvent);
  }
  if (typeof value.message === 'string') return openText(value.message, target, wraps);
  if (isObject(value.message)) return openObject(value.message, target, wraps + 1);
  if (isObject(value.awslogs) && typeof value.awslogs.data === 'string') {
    return openBase64(value.awslogs.data, target, wraps);
  }
  if (Array.isArray(value.Records)) return openEach(value.Records, target, wraps, openRecord);
  if (Array.isArray(value.records)) return openEach(value.records, target, wraps, openRecord);
  if (Array.isArray(value.events)) return openEach(value.events, target, wraps, openEvent);
  if (value.class_uid === OCSF_CLASS) {
    target.record(OCSF_FIELDS, ocsfValues(value));
    return true;
  }
  return openRecord(value, target, wraps) || openFields(value, target);
}

type Open = (value: unknown, target: EnvelopeTarget, wraps: number) => boolean;

/** Opens every element; one that is unknown is broken on its own. */
function openEach(values: readonly unknown[], target: EnvelopeTarget, wraps: number, open: Open): boolean {
  for (const value of values) {
    if (!open(value, target, wraps + 1)) target.broken('no-record', Buffer.from(jsonOf(value)));
  }
  return true;
}

/** A log event: `{id, timestamp, message}`. */
function openEvent(value: unknown, target: EnvelopeTarget, wraps: number): boolean {
  return isObject(value) && typeof value.message === 'string' && openText(value.message, target, wraps);
}

/** One element of `Records` or `records`, or a notification on its own. */
function openRecord(value: unknown, target: EnvelopeTarget, wraps: number): boolean {
  if (!isObject(value)) return false;
  if (isObject(value.kinesis) && typeof value.kinesis.data === 'string')
    return openBase64(value.kinesis.data, target, wraps);
  if (typeof value.data === 'string') return openBase64(value.data, target, wraps);
  if (isObject(value.Sns) && typeof value.Sns.Message === 'string') return openText(value.Sns.Message, target, wraps);
  if (value.Type === 'Notification' && typeof value.Message === 'string') return openText(value.Message, target, wraps);
  if (typeof value.body === 'string') return openText(value.body, target, wraps);
  if (isObject(value.s3)) return openNotification(value.s3, value.eventName, target, true);
  if (isObject(value.detail) && value.source === 'aws.s3') {
    return openNotification(value.detail, value['detail-type'], target, false);
  }
  // what S3 sends once when notifications are switched on
  if (value.Event !== 's3:TestEvent') return false;
  target.noObject();
  return true;
}

/** Events after which there is something to read, as S3 (MinIO: behind `s3:`) and EventBridge name them. */
const READABLE = /^(s3:)?(ObjectCreated:|ObjectRestore:Completed)|^Object (Created|Restore Completed)$/;

/** Bucket and key of an S3 event; in event records, not in EventBridge, the key is URL-encoded with `+` for blanks. */
function openNotification(value: Json, event: unknown, target: EnvelopeTarget, encoded: boolean): boolean {
  if (typeof event === 'string' && !READABLE.test(event)) {
    target.noObject();
    return true;
  }
  if (!isObject(value.bucket) || typeof value.bucket.name !== 'string' || value.bucket.name === '') return false;
  if (!isObject(value.object) || typeof value.object.key !== 'string' || value.object.key === '') return false;
  const { key } = value.object;
  try {
    target.object(value.bucket.name, encoded ? decodeURIComponent(key.replaceAll('+', ' ')) : key);
    return true;
  } catch {
    return false;
  }
}

function openText(text: string, target: EnvelopeTarget, wraps: number): boolean {
  openMessage(Buffer.from(text), target, wraps + 1);
  return true;
}

function openBase64(text: string, target: EnvelopeTarget, wraps: number): boolean {
  if (/[^A-Za-z0-9+/=_\s-]/.test(text)) target.broken('encoding', Buffer.from(text));
  else openMessage(Buffer.from(text, 'base64'), target, wraps + 1);
  return true;
}

/** Inflates all members; undefined when they are damaged or hold more than DOCUMENT_BYTES_MAX. */
function inflate(bytes: Uint8Array): Uint8Array | undefined {
  try {
    return gunzipSync(bytes, { maxOutputLength: DOCUMENT_BYTES_MAX });
  } catch {
    return undefined;
  }
}

/** `H4sI`: base64 of gzip's first three bytes. */
function isBase64OfGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x48 && bytes[1] === 0x34 && bytes[2] === 0x73 && bytes[3] === 0x49;
}

/** Known names that make an object a record. */
const RECORD_FIELDS_MIN = 2;

/** True when the word is a known field name in any spelling. */
export function isFieldName(word: string): boolean {
  return fieldSpelled(word) !== undefined;
}

/** True when values of these names are a record. */
export function nameRecord(names: readonly string[]): boolean {
  return names.filter(isFieldName).length >= RECORD_FIELDS_MIN;
}

/** True when a field is named twice in one spelling: values of such a table cannot be told apart. */
export function namesTwice(names: readonly string[]): boolean {
  const known = names.filter(isFieldName);
  return new Set(known.map((name) => name.replaceAll('_', '-'))).size < known.length;
}

/** An object whose keys are names of fields, in any spelling; other keys are carried along. */
function openFields(value: Json, target: EnvelopeTarget): boolean {
  const names = Object.keys(value);
  if (!nameRecord(names)) return false;
  target.record(
    names,
    names.map((name) => textOf(value[name])),
  );
  return true;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
