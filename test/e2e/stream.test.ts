import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStream, type StreamRequest } from '../../src/index.ts';
import { ledgerSum } from '../../src/model/ledger.ts';
import type { Summary } from '../../src/model/summary.ts';
import { METRICS } from '../../src/stream/metrics.ts';
import { Dice } from '../support/dice.ts';
import type { Broker } from '../support/kafka/broker.ts';
import { difference, runChaos } from '../support/kafka/chaos.ts';
import { type Lab, openLab, packed, sortedLines } from '../support/kafka/lab.ts';
import { startMember } from '../support/kafka/member.ts';
import { describeKafka } from '../support/kafka/suite.ts';
import { runSwaps } from '../support/kafka/swaps.ts';
import { createTopics, produce, readCommitted, testKafka } from '../support/kafka/topics.ts';

const LINES = 12_000;
const HEADER =
  'version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status';
/** The same record in another order of fields. */
const TURNED =
  'log-status version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action';
/** A busy machine takes its time. */
const PATIENCE_MS = 180_000;
const NOISE_SEED = 20_261_125;

let lab: Lab;
beforeAll(async () => {
  lab = await openLab(LINES);
});
afterAll(() => lab.close());

await describeKafka(
  'flowtrie stream',
  (broker, newest) => {
    it(
      'gives the rows and totals of replay, whatever the messages look like',
      () => mixedMessages(broker()),
      PATIENCE_MS,
    );
    it('keeps exactly once while members and broker are killed', () => chaos(broker()), PATIENCE_MS);
    // what follows asks no more of the broker than the two above: one version is enough
    if (!newest) return;
    it('writes files whose names are offsets, again the same after a restart', () => folder(broker()), PATIENCE_MS);
    it('judges each record by one version while inventories are swapped', () => swaps(broker()), PATIENCE_MS);
    it('is a function of the library, which tells what it did', () => library(broker()), PATIENCE_MS);
    it('says why it is not ready, and is when the trouble has gone', () => readiness(broker()), PATIENCE_MS);
  },
  { everyVersion: true },
);

function turned(line: string): string {
  const fields = line.split(' ');
  return [fields.at(-1), ...fields.slice(0, -1)].join(' ');
}

/** What CloudWatch Logs sends to a subscriber. */
function subscription(lines: readonly string[]): Buffer {
  const logEvents = lines.map((message, i) => ({ id: String(i), timestamp: 0, message }));
  return gzipSync(JSON.stringify({ messageType: 'DATA_MESSAGE', logGroup: 'flow', logEvents }));
}

async function library(broker: Broker): Promise<void> {
  const kafka = testKafka(broker.address);
  await createTopics(kafka, { asked: 2, answered: 2 });
  const lines = lab.lines.slice(0, 3000);
  await produce(kafka, 'asked', packed(lines, 500, 2));
  const events: string[] = [];
  const request: StreamRequest = {
    kafka: { brokers: [broker.address], topics: ['asked'], group: 'library' },
    ...{ inventory: lab.inventory, out: 'kafka:answered', pair: false, threads: 0, stopAtEnd: true, http: ':0' },
  };
  const stream = await openStream(request, (_level, message) => events.push(message));
  const { signal } = new AbortController();
  await stream.run(signal).finally(() => stream.close());
  const rows = (await readCommitted(kafka, 'answered')).map(({ value }) => value.toString()).join('');
  expect(difference(await lab.replayRows(lines), sortedLines(rows))).toEqual({ lost: 0, repeated: 0 });
  const { ledger } = stream.summary();
  expect([ledger.lines, ledgerSum(ledger)]).toEqual([3000, 3000]);
  expect(stream.warnings).toEqual([]);
  expect(events).toContain('partitions assigned');

  await expect(openStream({ ...request, out: 'rows' }, () => {})).rejects.toThrow('--out: expected kafka:TOPIC');
  const kafkaFrom = { ...request.kafka, from: 'yesterday' };
  await expect(openStream({ ...request, kafka: kafkaFrom }, () => {})).rejects.toThrow('kafka.from: expected earliest');
}

async function mixedMessages(broker: Broker): Promise<void> {
  const kafka = testKafka(broker.address);
  await createTopics(kafka, { packed: 3, single: 1, classified: 2, dead: 1 });
  const { lines } = lab;
  const part = (from: number, to: number): readonly string[] => lines.slice(from, to);
  const bad = ['not a record', '2 123456789012 eni-0 10.0.0.300 10.0.0.1 1 2 6 1 1 1 2 ACCEPT OK'];
  const damaged = gzipSync(part(0, 50).join('\n')).subarray(0, 60);
  await produce(kafka, 'packed', [
    ...packed(part(0, 6000), 700, 3),
    { partition: 0, value: `${HEADER}\n${part(6000, 6500).join('\n')}\n` },
    // a header is in force to the end of its message, also when it comes late
    { partition: 1, value: `${TURNED}\n${part(6500, 7000).map(turned).join('\n')}` },
    { partition: 1, value: `${part(7000, 7100).join('\n')}\n${TURNED}\n${part(7100, 7200).map(turned).join('\n')}` },
    { partition: 1, value: part(7200, 8000).join('\n') },
    { partition: 2, value: gzipSync(part(8000, 8500).join('\n')) },
    { partition: 2, value: subscription(part(8500, 8800)) },
    {
      partition: 2,
      value: part(8800, 9000)
        .map((message) => JSON.stringify({ message }))
        .join('\n'),
    },
    { partition: 2, value: [part(9000, 9001)[0], ...bad, part(9001, 9002)[0]].join('\n') },
    { partition: 2, value: null },
    { partition: 2, value: damaged },
  ]);
  await produce(kafka, 'single', packed(part(9002, 12_000), 1, 1));
  const args = ['--brokers', broker.address, '--topic', 'packed,single', '--inventory', lab.inventory, '--stop-at-end'];
  const member = startMember([
    ...args,
    '--out',
    'kafka:classified',
    '--dead-letter',
    'dead',
    '--threads',
    '2',
    '--json',
  ]);
  expect(await member.ended()).toBe(0);

  const classified = await readCommitted(kafka, 'classified');
  const expected = await lab.replayRows(lines);
  const rows = sortedLines(classified.map(({ value }) => value.toString()).join(''));
  expect(difference(expected, rows)).toEqual({ lost: 0, repeated: 0 });
  const { ledger } = JSON.parse(member.stdout()) as Summary;
  expect(ledger.classified).toBe(rows.length);
  expect(ledger.headers).toBe(3);
  expect(ledger.malformed).toEqual({ 'field-count': 1, address: 1, encoding: 1 });
  expect(ledgerSum(ledger)).toBe(ledger.lines);

  const letters = (await readCommitted(kafka, 'dead')).map(({ value, headers }) => ({ value, ...headers }));
  const offsets = (await readCommitted(kafka, 'packed')).filter(({ partition }) => partition === 2);
  expect(letters).toHaveLength(2);
  expect(letters[0]).toMatchObject({
    'flowtrie.topic': 'packed',
    'flowtrie.partition': '2',
    'flowtrie.reason': 'field-count,address',
    'flowtrie.lines': '2,3',
    'flowtrie.offset': String(offsets.at(-3)?.offset),
  });
  expect(letters[0]?.value.toString()).toBe(bad.join('\n'));
  expect(letters[1]).toMatchObject({
    'flowtrie.reason': 'encoding',
    'flowtrie.offset': String(offsets.at(-1)?.offset),
  });
  expect(letters[1]?.value.equals(damaged)).toBe(true);
  expect(member.log()).not.toMatch(/"level":"error"/);
}

async function chaos(broker: Broker): Promise<void> {
  const kills = Number(process.env.FLOWTRIE_CHAOS_KILLS ?? 2);
  // a broker that was given is left alone
  const brokerEvery = broker.given ? Number.POSITIVE_INFINITY : 2;
  const options = { broker, lab, dice: new Dice(NOISE_SEED), kills, brokerEvery, membersMax: 2 };
  const report = await runChaos({ ...options, log: () => {} });
  expect(report.memberKills + report.brokerKills).toBe(kills);
  expect(report.records).toBeGreaterThan(1000);
  expect(report).toMatchObject({ lost: 0, repeated: 0 });
}

async function folder(broker: Broker): Promise<void> {
  const kafka = testKafka(broker.address);
  await createTopics(kafka, { logs: 2 });
  const out = `${mkdtempSync(join(lab.folder, 'files-'))}/`;
  const run = (group: string): ReturnType<typeof startMember> =>
    startMember(
      [
        ...['--brokers', broker.address, '--topic', 'logs', '--group', group, '--inventory', lab.inventory],
        ...['--out', out, '--stop-at-end', '--threads', '1'],
      ],
      // the end does not wait for a file to grow old
      { FLOWTRIE_FILE_SECONDS: '3600' },
    );
  const files = (): Map<string, string> => {
    const names = readdirSync(out, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ndjson'));
    return new Map(names.sort().map((name) => [name, readFileSync(join(out, name), 'utf8')]));
  };
  await produce(kafka, 'logs', packed(lab.lines.slice(0, 2000), 100, 2));
  expect(await run('files').ended()).toBe(0);
  const first = files();
  expect([...first.keys()].every((name) => /^topic=logs\/partition=[01]\/\d{20}-\d{20}-all\.ndjson$/.test(name))).toBe(
    true,
  );
  await produce(kafka, 'logs', packed(lab.lines.slice(2000, 3000), 100, 2));
  expect(await run('files').ended()).toBe(0);
  // a group that begins again meets the files of the one before: it takes their places, no row is there twice
  expect(await run('again').ended()).toBe(0);
  const rows = sortedLines([...files().values()].join(''));
  expect(difference(await lab.replayRows(lab.lines.slice(0, 3000)), rows).lost).toBe(0);
}

/** Swaps of the inventory; `npm run soak:swap` makes 100. */
const SWAPS = 2;

async function swaps(broker: Broker): Promise<void> {
  const report = await runSwaps(broker, lab, SWAPS);
  expect(report).toMatchObject({ swaps: SWAPS, lost: 0, mixed: 0, versions: SWAPS + 1 });
  expect(report.records).toBeGreaterThan(1000);
  expect(report.p99Ms).toBeGreaterThanOrEqual(report.p50Ms);
}

async function readiness(broker: Broker): Promise<void> {
  const kafka = testKafka(broker.address);
  // on a broker that was given, there is the one of the last run
  const topic = `late-${Date.now()}`;
  const options = ['--brokers', broker.address, '--topic', topic, '--inventory', lab.inventory, '--threads', '0'];
  const member = startMember([...options, '--http', '127.0.0.1:0']);
  const get = async (path: string): Promise<{ readonly status: number; readonly text: string }> => {
    const address = /"address":"([^"]+)"/.exec(member.log())?.[1];
    if (address === undefined) return { status: 0, text: '' };
    const response = await fetch(`http://${address}${path}`);
    return { status: response.status, text: await response.text() };
  };
  const until = async (status: number, word: string): Promise<void> => {
    for (let tries = 0; tries < 300; tries++, await sleep(100)) {
      const answer = await get('/readyz');
      if (answer.status === status && answer.text.includes(word)) return;
    }
    expect.fail(`/readyz never answered ${status} with '${word}':\n${member.log()}`);
  };
  await until(503, `topic ${topic} does not exist`);
  expect((await get('/healthz')).status).toBe(200);
  await createTopics(kafka, { [topic]: 1 });
  await until(200, '"ready":true');
  await produce(kafka, topic, packed(lab.lines.slice(0, 100), 10, 1));
  let metrics = '';
  for (let tries = 0; tries < 100 && !/flowtrie_partition_offset\{[^}]*\} 10\b/.test(metrics); tries++) {
    metrics = (await get('/metrics')).text;
    await sleep(100);
  }
  for (const [name, { type }] of Object.entries(METRICS)) expect(metrics).toContain(`# TYPE ${name} ${type}`);
  expect(metrics).toMatch(/flowtrie_lines_total\{end="classified"\} \d+/);
  expect(metrics).toContain(`flowtrie_partition_lag{topic="${topic}",partition="0"} 0`);
  expect((await get('/nothing')).status).toBe(404);
  expect(await member.stop()).toBe(143);
}

describe('the suite', () => {
  it('can tell a lost row from a repeated one', () => {
    expect(difference(['a', 'b', 'c'], ['a', 'a', 'c'])).toEqual({ lost: 1, repeated: 1 });
  });
});
