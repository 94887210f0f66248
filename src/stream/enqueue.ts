import type { KafkaDriver, OutgoingMessage } from '../kafka/driver.ts';
import { FlowtrieError, messageOf } from '../model/errors.ts';
import type { Span } from '../source/s3/key-time.ts';
import { objectPages } from '../source/s3/listing.ts';
import { objectName, type S3Object } from '../source/s3/object.ts';
import { connectionOf, type KafkaRequest } from './settings.ts';

/** What was listed and, unless the topic is null, sent. */
export interface Enqueued {
  readonly topic: string | null;
  readonly objects: number;
  readonly bytes: number;
}

/**
 * Names the objects below the prefixes in the order of the listing, a page at a time, as long as `found` resolves to
 * true.
 */
export async function listReferences(
  prefixes: readonly string[],
  span: Span,
  found: (names: readonly string[]) => Promise<boolean>,
): Promise<Enqueued> {
  let [objects, bytes] = [0, 0];
  for (const prefix of prefixes) {
    for await (const page of objectPages(prefix, span)) {
      objects += page.length;
      for (const { size } of page) bytes += size;
      if (!(await found(page.map(objectName)))) return { topic: null, objects, bytes };
    }
  }
  return { topic: null, objects, bytes };
}

/**
 * Sends a notification of every object below the prefixes (`s3://bucket/prefix`) to the one topic of `kafka`, keyed by
 * its name, which spreads them over the partitions. A page of the listing is sent, each message once though a request
 * is tried again, before the next one is asked for; `progress` is told then. Throws FlowtrieError: `usage` for more
 * topics, `input` for brokers, topics or buckets that do not answer.
 */
export async function enqueue(
  kafka: KafkaRequest,
  prefixes: readonly string[],
  span: Span,
  progress: (sent: Enqueued) => void,
  signal: AbortSignal,
): Promise<Enqueued> {
  const [topic = ''] = kafka.topics;
  if (kafka.topics.length !== 1)
    throw new FlowtrieError('usage', `--topic: expected one topic, got '${kafka.topics.join(',')}'`);
  const driver = await driverOf(kafka);
  try {
    const [missing] = await driver.missingTopics([topic]);
    if (missing !== undefined) throw new FlowtrieError('input', `topic ${topic} does not exist: create it first`);
    return await sendReferences(driver, topic, prefixes, span, progress, signal);
  } finally {
    await driver.close();
  }
}

async function driverOf(kafka: KafkaRequest): Promise<KafkaDriver> {
  const { openKafkajs } = await import('../kafka/kafkajs.ts');
  try {
    return await openKafkajs(connectionOf(kafka), () => {});
  } catch (cause) {
    if (cause instanceof FlowtrieError) throw cause;
    throw new FlowtrieError('input', `Kafka at ${kafka.brokers.join(',')}: ${messageOf(cause)}`, { cause });
  }
}

async function sendReferences(
  driver: KafkaDriver,
  topic: string,
  prefixes: readonly string[],
  span: Span,
  progress: (sent: Enqueued) => void,
  signal: AbortSignal,
): Promise<Enqueued> {
  const producer = await driver.openProducer();
  let sent: Enqueued = { topic, objects: 0, bytes: 0 };
  try {
    for (const prefix of prefixes) {
      for await (const page of objectPages(prefix, span)) {
        if (signal.aborted) return sent;
        await producer.send(page.map((object) => reference(topic, object)));
        const bytes = page.reduce((sum, { size }) => sum + size, 0);
        sent = { topic, objects: sent.objects + page.length, bytes: sent.bytes + bytes };
        progress(sent);
      }
    }
    return sent;
  } finally {
    await producer.close();
  }
}

/** The part of an S3 event that tells where the object is; see the event message structure of the S3 user guide. */
function reference(topic: string, object: S3Object): OutgoingMessage {
  const { bucket, key, size, etag } = object;
  const s3 = {
    bucket: { name: bucket },
    object: { key: encodeURIComponent(key), size, ...(etag === null ? {} : { eTag: etag.replaceAll('"', '') }) },
  };
  const event = { eventVersion: '2.1', eventSource: 'aws:s3', eventName: 'ObjectCreated:Put', s3 };
  const value = Buffer.from(JSON.stringify({ Records: [event] }));
  return { topic, partition: null, key: objectName(object), value, headers: {} };
}
