import { setTimeout as sleep } from 'node:timers/promises';
import { type Kafka, Partitioners } from 'kafkajs';
import type { Broker } from './broker.ts';
import { caughtUp } from './chaos.ts';
import type { Lab } from './lab.ts';
import { startMember } from './member.ts';
import { createTopics, testKafka } from './topics.ts';

export interface SoakOptions {
  readonly broker: Broker;
  readonly lab: Lab;
  readonly seconds: number;
  readonly recordsPerSecond: number;
  /** Lines of one message. */
  readonly packed: number;
  readonly latenessSeconds: number;
  readonly log: (line: string) => void;
}

export interface SoakReport {
  readonly seconds: number;
  readonly records: number;
  /** Records that were produced and are in no row of the windows' topic, or in two. */
  readonly missing: number;
  /** Lines that the stream says it has read and committed; less than `records` where it never saw some. */
  readonly committed: number;
  readonly recordsPerSecond: number;
  readonly rssMb: number;
  /** Least squares over the samples after the first quarter. */
  readonly rssSlopeMbPerHour: number;
  /** Seconds of records that waited at most, and at the end. */
  readonly lagMaxSeconds: number;
  readonly lagEndSeconds: number;
  /** From the last message until every record was committed and in a window's row. */
  readonly flushSeconds: number;
  readonly latenessSeconds: number;
}

interface Sample {
  readonly second: number;
  readonly rss: number;
  readonly lag: number;
}

const PARTITIONS = 4;
const SAMPLE_MS = 1_000;
const WINDOW_SECONDS = 10;
/** The broker keeps this much of a partition: a soak's input is larger than the disk. */
const RETENTION = { 'retention.bytes': String(256 * 1024 * 1024), 'segment.bytes': String(64 * 1024 * 1024) };
const FLUSH_PATIENCE_MS = 120_000;
const MB = 1024 * 1024;

/** Records of now at a steady rate for some time; then nothing comes, and everything has to come out. */
export async function runSoak(options: SoakOptions): Promise<SoakReport> {
  const { broker, lab, recordsPerSecond, latenessSeconds, log } = options;
  const kafka = testKafka(broker.address);
  await createTopics(kafka, { soak: PARTITIONS }, RETENTION);
  await createTopics(kafka, { sums: 1 });
  const rows = await countRows(kafka);
  const member = startMember(
    [
      ...['--brokers', broker.address, '--topic', 'soak', '--group', 'soak', '--inventory', lab.inventory],
      ...['--windows', 'kafka:sums', '--lateness-seconds', String(latenessSeconds), '--threads', '2'],
      ...['--http', '127.0.0.1:0'],
    ],
    { FLOWTRIE_KAFKA_SESSION_SECONDS: '30', FLOWTRIE_WINDOW_SECONDS: String(WINDOW_SECONDS) },
  );
  try {
    const metrics = await metricsOf(member.log);
    const samples: Sample[] = [];
    const begun = performance.now();
    const sampling = setInterval(async () => {
      const text = await metrics().catch(() => '');
      const second = (performance.now() - begun) / 1000;
      if (text === '') return;
      const sample = {
        second,
        rss: sum(text, 'process_resident_memory_bytes'),
        lag: sum(text, 'flowtrie_partition_lag'),
      };
      samples.push(sample);
      if (samples.length % 60 === 0)
        log(`${Math.round(second)} s: ${(sample.rss / MB).toFixed(0)} MB, lag ${sample.lag}`);
    }, SAMPLE_MS);
    const records = await feed(kafka, options);
    const stopped = performance.now();
    const lagEnd = samples.at(-1)?.lag ?? 0;
    clearInterval(sampling);
    await caughtUp(kafka, 'soak', 'soak');
    const counted = await rows.reach(records);
    const committed = sum(await metrics().catch(() => ''), 'flowtrie_lines_total');
    for (const line of member.log().split('\n')) if (/"level":"(warn|error)"/.test(line)) log(line);
    const perMessage = options.packed / recordsPerSecond;
    return {
      seconds: Math.round((stopped - begun) / 1000),
      records,
      missing: records - counted,
      committed,
      recordsPerSecond: Math.round((records / (stopped - begun)) * 1000),
      rssMb: Math.round(Math.max(...samples.map(({ rss }) => rss)) / MB),
      rssSlopeMbPerHour: Number((slope(samples.slice(samples.length >> 2)) * (3600 / MB)).toFixed(1)),
      lagMaxSeconds: Number((Math.max(...samples.map(({ lag }) => lag)) * perMessage).toFixed(2)),
      lagEndSeconds: Number((lagEnd * perMessage).toFixed(2)),
      flushSeconds: Number(((performance.now() - stopped) / 1000).toFixed(1)),
      latenessSeconds,
    };
  } finally {
    await member.stop();
    await rows.stop();
  }
}

/** Produces until the time is over; the same lines again and again, each time with windows that ended just now. */
async function feed(kafka: Kafka, options: SoakOptions): Promise<number> {
  const { lab, seconds, recordsPerSecond, packed } = options;
  const messages = templatesOf(lab.lines, packed);
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner, maxInFlightRequests: 4 });
  await producer.connect();
  const begun = performance.now();
  let records = 0;
  for (let turn = 0; performance.now() - begun < seconds * 1000; turn++) {
    const ahead = records - ((performance.now() - begun) / 1000) * recordsPerSecond;
    if (ahead > 0) await sleep((ahead / recordsPerSecond) * 1000);
    const message = messages[turn % messages.length];
    if (message === undefined) throw new Error('there are no lines');
    stamp(message, Math.floor(Date.now() / 1000) - 1);
    await producer.send({ topic: 'soak', messages: [{ partition: turn % PARTITIONS, value: message.bytes }] });
    records += message.ends.length;
  }
  await producer.disconnect();
  return records;
}

interface Template {
  readonly bytes: Buffer;
  /** Where the second time of each line begins; the first one, of as many digits, is one blank before. */
  readonly ends: readonly number[];
}

const TIME_DIGITS = 10;

function templatesOf(lines: readonly string[], packed: number): Template[] {
  const records = lines.filter((line) => line.endsWith(' OK'));
  const templates: Template[] = [];
  for (let from = 0; from + packed <= records.length; from += packed) {
    const text = records.slice(from, from + packed).join('\n');
    const ends = [...text.matchAll(/ \d{10} (\d{10}) (?:ACCEPT|REJECT) OK$/gm)].map((m) => m.index + TIME_DIGITS + 2);
    templates.push({ bytes: Buffer.from(text), ends });
  }
  return templates;
}

function stamp({ bytes, ends }: Template, end: number): void {
  for (const at of ends) {
    bytes.write(String(end - 1), at - TIME_DIGITS - 1, 'latin1');
    bytes.write(String(end), at, 'latin1');
  }
}

async function metricsOf(log: () => string): Promise<() => Promise<string>> {
  for (let tries = 0; tries < 600 && !log().includes('partitions assigned'); tries++) await sleep(100);
  const address = /"address":"([^"]+)"/.exec(log())?.[1];
  return async () => (await fetch(`http://${address}/metrics`)).text();
}

function sum(metrics: string, name: string): number {
  const values = metrics.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  return values.reduce((total, line) => total + Number(line.split(' ').at(-1)), 0);
}

/** Units of `rss` a second. */
function slope(samples: readonly Sample[]): number {
  const n = samples.length;
  const meanX = samples.reduce((total, { second }) => total + second, 0) / n;
  const meanY = samples.reduce((total, { rss }) => total + rss, 0) / n;
  const [top, bottom] = samples.reduce(
    ([a, b], { second, rss }) => [a + (second - meanX) * (rss - meanY), b + (second - meanX) ** 2],
    [0, 0],
  );
  return bottom === 0 ? 0 : top / bottom;
}

/** Adds up the records of the rows of kind `path`, which have each once, as they are committed. */
async function countRows(kafka: Kafka): Promise<RowCount> {
  const consumer = kafka.consumer({ groupId: 'soak-rows' });
  let [counted, next] = [0, 0];
  await consumer.connect();
  await consumer.subscribe({ topics: ['sums'], fromBeginning: true });
  await consumer.run({
    eachBatch: async ({ batch }) => {
      // who is moved to another generation reads a batch again
      for (const { offset, value } of batch.messages.filter(({ offset }) => Number(offset) >= next)) {
        const rows = value?.toString().matchAll(/"kind":"path",.*"records":(\d+)/g) ?? [];
        for (const [, records] of rows) counted += Number(records);
        next = Number(offset) + 1;
      }
    },
  });
  return {
    async reach(wanted) {
      for (const deadline = Date.now() + FLUSH_PATIENCE_MS; counted < wanted && Date.now() < deadline; )
        await sleep(100);
      return counted;
    },
    stop: () => consumer.disconnect(),
  };
}

interface RowCount {
  /** The records so far; waits some time until there are so many. */
  reach(wanted: number): Promise<number>;
  stop(): Promise<void>;
}
