import { mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kafka } from 'kafkajs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Broker } from '../support/kafka/broker.ts';
import { caughtUp, difference } from '../support/kafka/chaos.ts';
import { type Lab, openLab, packed, sortedLines } from '../support/kafka/lab.ts';
import { type Member, startMember } from '../support/kafka/member.ts';
import { describeKafka } from '../support/kafka/suite.ts';
import { createTopics, produce, readCommitted, type TestMessage, testKafka } from '../support/kafka/topics.ts';

const PATIENCE_MS = 180_000;
const GROUPS = 'describe-security-groups.json';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab(600);
}, PATIENCE_MS);
afterAll(() => lab.close());

await describeKafka('an inventory in a compacted topic', (broker) => {
  it('judges as the same documents in a folder, and is swapped at a mark', () => swapped(broker()), PATIENCE_MS);
  it('is published when it has been quiet, also from several partitions', () => quiet(broker()), PATIENCE_MS);
});

function documents(folder: string): TestMessage[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const files = names.filter((name) => statSync(join(folder, name)).isFile());
  return files.map((key) => ({ key, value: readFileSync(join(folder, key)) }));
}

/** The security groups without a rule for what comes in. */
function closedGroups(): string {
  const { SecurityGroups } = JSON.parse(readFileSync(join(lab.inventory, GROUPS), 'utf8')) as {
    SecurityGroups: object[];
  };
  return JSON.stringify({ SecurityGroups: SecurityGroups.map((group) => ({ ...group, IpPermissions: [] })) });
}

async function compacted(kafka: Kafka, topic: string, numPartitions: number): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  const configEntries = [{ name: 'cleanup.policy', value: 'compact' }];
  await admin.createTopics({ topics: [{ topic, numPartitions, configEntries }], waitForLeaders: true });
  await admin.disconnect();
}

const start = (broker: Broker, topic: string, inventory: string): Member =>
  startMember(
    [
      ...['--brokers', broker.address, '--topic', topic, '--group', topic, '--inventory', `kafka:${inventory}`],
      ...['--out', `kafka:${topic}.out`, '--threads', '0'],
    ],
    { FLOWTRIE_INVENTORY_SECONDS: '0.2' },
  );

async function told(member: Member, words: string): Promise<void> {
  for (let tries = 0; !member.log().includes(words) && tries < 600; tries++) await sleep(50);
  expect(member.log()).toContain(words);
}

async function rowsOf(kafka: Kafka, topic: string): Promise<string[]> {
  const messages = await readCommitted(kafka, `${topic}.out`);
  return sortedLines(messages.map(({ value }) => value.toString()).join(''));
}

function lately(line: string): string {
  const fields = line.split(' ');
  const now = Math.floor(Date.now() / 1000);
  return [...fields.slice(0, 10), now, now + 1, ...fields.slice(12)].join(' ');
}

const versionOf = (row: string): string | undefined => /"inventory_version":"([^"]+)"/.exec(row)?.[1];

async function swapped(broker: Broker): Promise<void> {
  const kafka = testKafka(broker.address);
  await createTopics(kafka, { flows: 1, 'flows.out': 1 });
  await compacted(kafka, 'inventory', 1);
  const wrong = { key: GROUPS, value: closedGroups() };
  const gone = [
    { key: 'gone.json', value: '{ broken' },
    { key: 'gone.json', value: null },
  ];
  await produce(kafka, 'inventory', [wrong, ...gone, { key: '../outside.json', value: '{}' }]);
  await produce(kafka, 'inventory', documents(lab.inventory));
  const member = start(broker, 'flows', 'inventory');
  await told(member, 'partitions assigned');
  await produce(kafka, 'flows', packed(lab.lines, 50, 1));
  await caughtUp(kafka, 'flows', 'flows');
  const before = await rowsOf(kafka, 'flows');
  expect(difference(await lab.replayRows(lab.lines), before)).toEqual({ lost: 0, repeated: 0 });
  expect(member.log()).toContain('without a usable key');

  await produce(kafka, 'inventory', [wrong, { key: 'complete', value: '' }]);
  await told(member, 'inventory swapped');
  // versions are valid from full seconds on
  await sleep(1500);
  const lines = lab.lines.map(lately);
  await produce(kafka, 'flows', packed(lines, 50, 1));
  await caughtUp(kafka, 'flows', 'flows');
  expect(await member.stop()).toBe(143);
  const after = (await rowsOf(kafka, 'flows')).filter((row) => versionOf(row) !== 'all');
  expect(new Set(after.map(versionOf)).size).toBe(1);
  const strict = mkdtempSync(join(lab.folder, 'strict-'));
  await cp(lab.inventory, strict, { recursive: true });
  await writeFile(join(strict, GROUPS), closedGroups());
  const judged = (rows: readonly string[]): string[] =>
    rows.map((row) =>
      JSON.stringify((({ srcaddr, start, sg_verdict }) => [srcaddr, start, sg_verdict])(JSON.parse(row))),
    );
  const expected = judged(await lab.replayRows(lines, strict));
  expect(difference(expected.sort(), judged(after).sort())).toEqual({ lost: 0, repeated: 0 });
}

async function quiet(broker: Broker): Promise<void> {
  const kafka = testKafka(broker.address);
  await createTopics(kafka, { calm: 1, 'calm.out': 1 });
  await compacted(kafka, 'spread', 3);
  await produce(kafka, 'spread', documents(lab.inventory));
  const member = start(broker, 'calm', 'spread');
  await told(member, 'partitions assigned');
  await produce(kafka, 'calm', packed(lab.lines, 100, 1));
  await caughtUp(kafka, 'calm', 'calm');
  expect(difference(await lab.replayRows(lab.lines), await rowsOf(kafka, 'calm'))).toEqual({ lost: 0, repeated: 0 });
  await produce(kafka, 'spread', [{ key: GROUPS, value: closedGroups() }]);
  await told(member, 'inventory swapped');
  expect(await member.stop()).toBe(143);
}
