import { readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ledgerSum } from '../../src/model/ledger.ts';
import type { Summary } from '../../src/model/summary.ts';
import { runCli } from '../support/cli.ts';
import { openDuck } from '../support/duckdb.ts';
import type { Broker } from '../support/kafka/broker.ts';
import { caughtUp, difference } from '../support/kafka/chaos.ts';
import { type Lab, openLab, sortedLines } from '../support/kafka/lab.ts';
import { startMember } from '../support/kafka/member.ts';
import { describeKafka } from '../support/kafka/suite.ts';
import { createTopics, produce, readCommitted, testKafka } from '../support/kafka/topics.ts';
import { describeS3, type Fault, type Running, startMoto, startProxy } from '../support/s3-server.ts';

const LINES = 12_000;
const BUCKET = 'flow-logs';
const DAY = 'AWSLogs/123456789012/vpcflowlogs/us-east-1/2024/12/20/';
const HEADER =
  'version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status';
/** Of the object that is cut in half. */
const CUT_LINES = 1000;
const PATIENCE_MS = 180_000;

let lab: Lab;
const servers: Running[] = [];
const env: Record<string, string> = {};
let faultOf: (request: IncomingMessage) => Fault = () => 'none';
/** Key → the lines that are in it. */
const objects = new Map<string, readonly string[]>();

beforeAll(async () => {
  lab = await openLab(LINES);
}, PATIENCE_MS);
afterAll(async () => {
  for (const server of servers) await server.stop();
  lab.close();
});

await describeKafka('objects that notifications name', (broker) => {
  describeS3('in a real S3 server', () => {
    beforeAll(fillBucket, PATIENCE_MS);
    it(
      'are read as if they were the messages, whatever the notification is wrapped in',
      () => read(broker()),
      PATIENCE_MS,
    );
    it('are put on a topic by enqueue, and read by a group together', () => enqueued(broker()), PATIENCE_MS);
    it('are waited for while the server fails, and each row is there once', () => outage(broker()), PATIENCE_MS);
  });
});

async function fillBucket(): Promise<void> {
  const moto = await startMoto();
  const proxy = await startProxy(moto.url, (request) => faultOf(request));
  servers.push(proxy, moto);
  const keys = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_REGION: 'us-east-1' };
  Object.assign(env, keys, { AWS_ENDPOINT_URL_S3: proxy.url, AWS_EC2_METADATA_DISABLED: 'true' });
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = keys;
  const client = new S3Client({
    endpoint: moto.url,
    forcePathStyle: true,
    region: 'us-east-1',
    credentials: { accessKeyId, secretAccessKey },
  });
  await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  const put = async (key: string, lines: readonly string[], body: Uint8Array | string): Promise<void> => {
    objects.set(key, lines);
    await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: body }));
  };
  const { lines } = lab;
  const text = (part: readonly string[]): string => `${HEADER}\n${part.join('\n')}\n`;
  await put('log one é.log.gz', lines.slice(0, 3000), gzipSync(text(lines.slice(0, 3000))));
  // several pieces of text, and two headers in it
  const many = Array.from({ length: 6 }, () => lines.slice(3000, 9000)).flat();
  await put('many', many, text(many.slice(0, 20_000)) + text(many.slice(20_000)));
  const table = join(lab.folder, 'table');
  writeFileSync(table, text(lines.slice(9000, 11_000)));
  const duck = await openDuck();
  await duck.run(`copy (from read_csv('${table}', delim = ' ', header = true)) to '${table}.parquet' (format parquet)`);
  duck.close();
  await put('table.parquet', lines.slice(9000, 11_000), readFileSync(`${table}.parquet`));
  await put('empty', [], '');
  for (let hour = 0; hour < 8; hour++) {
    const part = lines.slice(500 * hour, 500 * hour + 500);
    const name = `123456789012_vpcflowlogs_us-east-1_fl-0a_20241220T0${hour}00Z_ab${hour}.log.gz`;
    await put(`${DAY}${name}`, part, gzipSync(text(part)));
  }
  await put('bad lines', lines.slice(0, 1), `${HEADER}\n${lines[0]}\nnot a record\n`);
  await put('denied', [], 'nobody reads this');
  const cut = gzipSync(text(lines.slice(0, CUT_LINES)));
  await put('cut.gz', [], cut.subarray(0, cut.length >> 1));
  await put('archive.zip', [], Buffer.from('PK\u0003\u0004 and so on'));
  client.destroy();
}

const encoded = (key: string): string => encodeURIComponent(key).replaceAll('%20', '+');
const event = (key: string, eventName = 'ObjectCreated:Put'): object => ({
  Records: [{ eventSource: 'aws:s3', eventName, s3: { bucket: { name: BUCKET }, object: { key: encoded(key) } } }],
});
const sns = (body: object): object => ({ Type: 'Notification', Message: JSON.stringify(body) });
const sqs = (body: object): object => ({ Records: [{ messageId: '1', body: JSON.stringify(body) }] });
const bridge = (key: string): object => ({
  source: 'aws.s3',
  'detail-type': 'Object Created',
  detail: { bucket: { name: BUCKET }, object: { key } },
});

function mixedMessages(): readonly (string | Buffer | object)[] {
  return [
    lab.lines.slice(11_000, 11_500).join('\n'),
    event('log one é.log.gz'),
    sns(event('many')),
    sqs(sns(bridge('table.parquet'))),
    { Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: BUCKET },
    event('log one é.log.gz', 'ObjectRemoved:Delete'),
    event('empty'),
    gzipSync(JSON.stringify(event('bad lines'))),
    event('denied'),
    event('nowhere'),
    { Records: [{ s3: { bucket: { name: 'no bucket' }, object: { key: 'k' } } }] },
    event('cut.gz'),
    event('archive.zip'),
    lab.lines.slice(11_500).join('\n'),
  ];
}

async function read(broker: Broker): Promise<void> {
  faultOf = ({ url }) => (url?.includes('denied') === true ? '403' : 'none');
  const kafka = testKafka(broker.address);
  await createTopics(kafka, { events: 2, classified: 2, dead: 1 });
  await produce(
    kafka,
    'events',
    mixedMessages().map((value) => ({
      partition: 0,
      value: typeof value === 'string' || Buffer.isBuffer(value) ? value : JSON.stringify(value),
    })),
  );
  const args = ['--brokers', broker.address, '--topic', 'events', '--inventory', lab.inventory, '--stop-at-end'];
  const outputs = ['--out', 'kafka:classified', '--dead-letter', 'dead', '--threads', '2', '--json'];
  const member = startMember([...args, ...outputs], env);
  expect(await member.ended(), member.log()).toBe(0);

  const classified = await readCommitted(kafka, 'classified');
  const rows = sortedLines(classified.map(({ value }) => value.toString()).join(''));
  const named = [...objects].filter(([key]) => !key.startsWith(DAY)).flatMap(([, lines]) => lines);
  const whole = [...named, ...lab.lines.slice(11_000)];
  const letters = (await readCommitted(kafka, 'dead')).map(
    ({ value, headers }): Record<string, unknown> => ({ value: value.toString(), ...headers }),
  );
  const { ledger, input } = JSON.parse(member.stdout()) as Summary;
  // of the object that was cut short, what could be inflated counts
  const { lost, repeated } = difference(await lab.replayRows(whole), rows);
  expect(lost).toBe(0);
  expect(repeated).toBeGreaterThan(0);
  const most = difference(await lab.replayRows([...whole, ...lab.lines.slice(0, CUT_LINES)]), rows);
  expect(most).toEqual({ lost: expect.any(Number), repeated: 0 });
  expect(ledgerSum(ledger)).toBe(ledger.lines);
  expect(ledger.classified).toBe(rows.length);
  expect(ledger.malformed).toEqual({ 'field-count': 1, 'no-record': 3, truncated: 2 });
  expect(input.files).toBe(7);
  const reasons = letters.map((letter) => [letter['flowtrie.offset'], letter['flowtrie.reason']]);
  expect(reasons).toEqual([
    ['7', 'field-count'],
    ['8', 'object-denied'],
    ['9', 'object-missing'],
    ['10', 'object-refused'],
    ['11', 'truncated'],
    ['11', 'object-damaged'],
    ['12', 'object-damaged'],
  ]);
  expect(letters[0]).toMatchObject({ 'flowtrie.object': `s3://${BUCKET}/bad lines`, 'flowtrie.lines': '3' });
  expect(letters[0]?.value).toBe('not a record');
  expect(letters[2]).toMatchObject({
    'flowtrie.topic': 'events',
    'flowtrie.partition': '0',
    'flowtrie.object': `s3://${BUCKET}/nowhere`,
  });
  expect(letters[2]?.['flowtrie.error']).toContain('NoSuchKey');
  expect(JSON.parse(String(letters[2]?.value))).toEqual(event('nowhere'));
}

async function enqueued(broker: Broker): Promise<void> {
  faultOf = () => 'none';
  const kafka = testKafka(broker.address);
  await createTopics(kafka, { references: 4, together: 2 });
  const flags = ['--brokers', broker.address, '--topic', 'references'];
  const span = ['--since', '2024-12-20T03:00:00Z'];
  const dry = await runCli(['enqueue', `s3://${BUCKET}/AWSLogs/`, ...span, '--dry-run'], { env });
  const wanted = [...objects.keys()].filter((key) => key.startsWith(DAY) && !/T0[0-2]00Z/.test(key));
  expect(dry.stdout.split('\n').slice(0, -1)).toEqual(wanted.map((key) => `s3://${BUCKET}/${key}`));
  expect(dry.stderr).toMatch(/^5 objects, .* KiB; nothing was sent\n$/);
  const sent = await runCli(['enqueue', `s3://${BUCKET}/AWSLogs/`, ...flags, ...span, '--json'], { env });
  expect(sent.stderr).toBe('');
  expect(JSON.parse(sent.stdout)).toEqual({ topic: 'references', objects: 5, bytes: expect.any(Number) });
  const one = await runCli(['enqueue', `s3://${BUCKET}/many`, ...flags], { env });
  expect(one.stdout).toMatch(/^1 object, .* MiB on topic references\n$/);

  const partitions = (await readCommitted(kafka, 'references')).map(({ partition }) => partition);
  expect(new Set(partitions).size).toBeGreaterThan(1);
  const args = ['--brokers', broker.address, '--topic', 'references', '--inventory', lab.inventory];
  const outputs = ['--out', 'kafka:together', '--threads', '1', '--json'];
  const members = [0, 1].map(() => startMember([...args, ...outputs], env));
  await caughtUp(kafka, 'flowtrie', 'references');
  for (const member of members) expect(await member.stop()).toBe(143);
  const rows = sortedLines((await readCommitted(kafka, 'together')).map(({ value }) => value.toString()).join(''));
  const expected = await lab.replayRows([...wanted, 'many'].flatMap((key) => objects.get(key) ?? []));
  expect(difference(expected, rows)).toEqual({ lost: 0, repeated: 0 });
  const sums = members.map((member) => (JSON.parse(member.stdout()) as Summary).input.files);
  expect(sums.reduce((sum, files) => sum + files, 0)).toBe(6);

  const nowhere = await runCli(['enqueue', `s3://${BUCKET}/nothing/`, ...flags], { env });
  expect([nowhere.code, nowhere.stderr]).toEqual([3, `flowtrie: s3://${BUCKET}/nothing/: no objects\n`]);
  const topic = await runCli(['enqueue', `s3://${BUCKET}/many`, ...flags.with(-1, 'none')], { env });
  expect([topic.code, topic.stderr]).toEqual([3, 'flowtrie: topic none does not exist: create it first\n']);
}

async function outage(broker: Broker): Promise<void> {
  const kafka = testKafka(broker.address);
  await createTopics(kafka, { later: 2, seen: 2 });
  let failing = true;
  faultOf = ({ url }) => (failing && url?.includes('many') === true ? '503' : 'none');
  const keys = ['many', 'log one é.log.gz', 'table.parquet', 'many'];
  const values = keys.map((key, i) => ({ partition: i % 2, value: JSON.stringify(event(key)) }));
  await produce(kafka, 'later', values);
  const args = ['--brokers', broker.address, '--topic', 'later', '--inventory', lab.inventory, '--stop-at-end'];
  const member = startMember([...args, '--out', 'kafka:seen', '--threads', '1'], env);
  for (let tries = 0; !member.log().includes('trying again') && tries < 600; tries++) await sleep(100);
  expect(member.log()).toMatch(/s3:\/\/flow-logs\/many.*(SlowDown|reduce your request rate)/);
  // longer than the session: the member keeps its place in the group meanwhile
  await sleep(3000);
  failing = false;
  expect(await member.ended(), member.log()).toBe(0);
  expect(member.log()).toContain('well again');
  expect(member.log().match(/partitions assigned/g)).toHaveLength(1);
  const rows = sortedLines((await readCommitted(kafka, 'seen')).map(({ value }) => value.toString()).join(''));
  const expected = await lab.replayRows(keys.flatMap((key) => objects.get(key) ?? []));
  expect(difference(expected, rows)).toEqual({ lost: 0, repeated: 0 });
}
