import { FlowtrieError } from '../model/errors.ts';
import { openDestination } from '../sink/destination.ts';
import type { Span } from '../source/s3/key-time.ts';
import { isS3 } from '../source/s3/listing.ts';
import { type Enqueued, enqueue, listReferences } from '../stream/enqueue.ts';
import { withInterrupt } from './interrupt.ts';
import { readEnqueueSettings } from './stream-settings.ts';

/** Objects between two words on progress. */
const PROGRESS_OBJECTS = 10_000;

export async function runEnqueue(
  prefixes: readonly string[],
  span: Span,
  flags: Readonly<Record<string, unknown>>,
): Promise<void> {
  if (prefixes.length === 0) throw new FlowtrieError('usage', 'enqueue: missing s3://bucket/prefix');
  const other = prefixes.find((prefix) => !isS3(prefix));
  if (other !== undefined) throw new FlowtrieError('usage', `enqueue: expected s3://bucket/prefix, got '${other}'`);
  const { json, quiet, config, dryRun } = flags;
  if (dryRun === true) return list(prefixes, span, json === true);
  const settings = readEnqueueSettings(flags, process.env, typeof config === 'string' ? config : undefined);
  let [sent, told]: [Enqueued | null, number] = [null, 0];
  const progress = (now: Enqueued): void => {
    sent = now;
    if (quiet === true || sent.objects - told < PROGRESS_OBJECTS) return;
    told = sent.objects;
    process.stderr.write(`${told.toLocaleString('en-US')} objects sent\n`);
  };
  try {
    await withInterrupt(async (signal) => {
      sent = await enqueue(settings.kafka, prefixes, span, progress, signal);
    });
  } finally {
    // also when it was interrupted or failed half-way
    if (sent !== null) show(sent, json === true);
  }
}

/** Names on stdout, until nobody reads them any more. */
async function list(prefixes: readonly string[], span: Span, json: boolean): Promise<void> {
  if (json) return show(await listReferences(prefixes, span, async () => true), true);
  const stdout = await openDestination('-');
  const found = await listReferences(prefixes, span, async (names) => {
    await stdout.write(Buffer.from(`${names.join('\n')}\n`));
    return !stdout.closed;
  });
  if (!stdout.closed) show(found, false);
  await stdout.commit();
}

function show({ topic, objects, bytes }: Enqueued, json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify({ topic, objects, bytes })}\n`);
    return;
  }
  const what = `${objects.toLocaleString('en-US')} ${objects === 1 ? 'object' : 'objects'}, ${sizeText(bytes)}`;
  if (topic === null) process.stderr.write(`${what}; nothing was sent\n`);
  else process.stdout.write(`${what} on topic ${topic}\n`);
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

function sizeText(bytes: number): string {
  let [size, unit] = [bytes, 0];
  while (size >= 1024 && unit < UNITS.length - 1) [size, unit] = [size / 1024, unit + 1];
  return `${unit === 0 ? size : size.toFixed(1)} ${UNITS[unit]}`;
}
