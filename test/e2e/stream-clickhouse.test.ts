import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Summary } from '../../src/model/summary.ts';
import { type ClickHouseServer, describeClickHouse, startClickHouse } from '../support/clickhouse/server.ts';
import type { Broker } from '../support/kafka/broker.ts';
import { caughtUp } from '../support/kafka/chaos.ts';
import { type Lab, openLab, packed } from '../support/kafka/lab.ts';
import { startMember } from '../support/kafka/member.ts';
import { describeKafka } from '../support/kafka/suite.ts';
import { createTopics, produce, testKafka } from '../support/kafka/topics.ts';

const LINES = 4_000;
const PATIENCE_MS = 180_000;
const COUNTS =
  'SELECT count(), uniqExact(srcaddr, dstaddr, srcport, dstport, start, packets, bytes, interface_id) FROM';

let lab: Lab;
let clickhouse: ClickHouseServer;
beforeAll(async () => {
  lab = await openLab(LINES);
}, PATIENCE_MS);
afterAll(() => lab.close());

await describeKafka('the ClickHouse sink', (broker) => {
  describeClickHouse('on the real engine', () => {
    beforeAll(async () => {
      clickhouse = await startClickHouse();
    }, PATIENCE_MS);
    afterAll(() => clickhouse.stop());
    it('has every row once, with the values of replay', () => rows(broker()), PATIENCE_MS);
    it('is away and comes back: nothing is lost or there twice', () => outage(broker()), PATIENCE_MS);
    it('drops a block that was inserted before a crash', () => crash(broker()), PATIENCE_MS);
  });
});

const flags = (broker: Broker, topic: string, table: string): string[] => [
  ...['--brokers', broker.address, '--topic', topic, '--inventory', lab.inventory],
  ...['--out', `clickhouse:${table}`, '--threads', '1', '--json'],
];

async function rows(broker: Broker): Promise<void> {
  const kafka = testKafka(broker.address);
  await createTopics(kafka, { flows: 2 });
  await produce(kafka, 'flows', packed(lab.lines, 300, 2));
  const member = startMember([...flags(broker, 'flows', 'default.flows'), '--stop-at-end'], {
    FLOWTRIE_CLICKHOUSE_URL: clickhouse.url,
    FLOWTRIE_CLICKHOUSE_PASSWORD: 'not to be seen',
  });
  expect(await member.ended(), member.log()).toBe(0);
  expect(member.log() + member.stdout()).not.toContain('not to be seen');
  const { ledger } = JSON.parse(member.stdout()) as Summary;
  expect(await clickhouse.query('SELECT count() FROM default.flows')).toBe(String(ledger.classified));
  const expected = (await lab.replayRows(lab.lines)).map((row) => JSON.parse(row) as Record<string, unknown>);
  const columns = [
    'srcaddr',
    'dstport',
    'bytes',
    'start',
    'src_pod',
    'dst_workload',
    'sg_rule',
    'drift',
    'src_candidates',
  ];
  const listed = await clickhouse.query(
    `SELECT toJSONString(tuple(${columns.join(', ')})) AS row FROM default.flows ORDER BY row`,
  );
  const wanted = expected.map((row) =>
    JSON.stringify(columns.map((name) => row[name] ?? (name === 'src_candidates' ? [] : null))),
  );
  const got = listed.split('\n').map((line) => JSON.stringify(Object.values(JSON.parse(line) as object)));
  expect(got.sort()).toEqual(wanted.sort());
}

async function outage(broker: Broker): Promise<void> {
  const kafka = testKafka(broker.address);
  await createTopics(kafka, { away: 2 });
  const env = { FLOWTRIE_CLICKHOUSE_URL: clickhouse.url, FLOWTRIE_CLICKHOUSE_BLOCK_SECONDS: '1' };
  const member = startMember([...flags(broker, 'away', 'away'), '--group', 'away', '--http', '127.0.0.1:0'], env);
  await produce(kafka, 'away', packed(lab.lines.slice(0, 1000), 100, 2));
  await caughtUp(kafka, 'away', 'away');
  const address = /"address":"([^"]+)"/.exec(member.log())?.[1];
  const ready = async (): Promise<number> => (await fetch(`http://${address}/readyz`)).status;
  expect(await ready()).toBe(200);
  await clickhouse.kill();
  await produce(kafka, 'away', packed(lab.lines.slice(1000, 3000), 100, 2));
  for (let tries = 0; (await ready()) !== 503 && tries < 600; tries++) await sleep(100);
  expect(await (await fetch(`http://${address}/readyz`)).text()).toMatch(/clickhouse:away.*ECONNREFUSED/);
  await clickhouse.start();
  await caughtUp(kafka, 'away', 'away');
  for (let tries = 0; (await ready()) !== 200 && tries < 100; tries++) await sleep(100);
  expect(await ready()).toBe(200);
  expect(await member.stop()).toBe(143);
  const { ledger } = JSON.parse(member.stdout()) as Summary;
  const count = String((await lab.replayRows(lab.lines.slice(0, 3000))).length);
  expect(String(ledger.classified)).toBe(count);
  expect(await clickhouse.query(`${COUNTS} default.away`)).toBe(`${count}\t${count}`);
}

async function crash(broker: Broker): Promise<void> {
  const kafka = testKafka(broker.address);
  await createTopics(kafka, { crashed: 1 });
  const env = { FLOWTRIE_CLICKHOUSE_URL: clickhouse.url };
  const args = [...flags(broker, 'crashed', 'crashed'), '--group', 'crash', '--stop-at-end'];
  await produce(kafka, 'crashed', packed(lab.lines.slice(0, 2000), 100, 1));
  expect(await startMember(args, env).ended()).toBe(0);
  // as after a crash between the insert and the commit that follows it: the intent is what the group has
  const admin = kafka.admin();
  await admin.connect();
  const metadata = JSON.stringify({ clickhouse: { next: 20, version: 'all' } });
  await admin.setOffsets({ groupId: 'crash', topic: 'crashed', partitions: [{ partition: 0, offset: '0' }] });
  await admin.disconnect();
  await noted(broker, metadata);
  // more has come meanwhile: the block that was begun must end where it ended before
  await produce(kafka, 'crashed', packed(lab.lines.slice(2000, 3000), 100, 1));
  const again = startMember(args, env);
  expect(await again.ended(), again.log()).toBe(0);
  const count = String((await lab.replayRows(lab.lines.slice(0, 3000))).length);
  expect(await clickhouse.query(`${COUNTS} default.crashed`)).toBe(`${count}\t${count}`);
}

/** Offset 0 of the group with a note. */
async function noted(broker: Broker, metadata: string): Promise<void> {
  const consumer = testKafka(broker.address).consumer({ groupId: 'crash' });
  await consumer.connect();
  await consumer.subscribe({ topics: ['crashed'] });
  const joined = new Promise<void>((resolve) => consumer.on('consumer.group_join', () => resolve()));
  await consumer.run({ autoCommit: false, eachMessage: async () => {} });
  await joined;
  await consumer.commitOffsets([{ topic: 'crashed', partition: 0, offset: '0', metadata }]);
  await consumer.disconnect();
}
