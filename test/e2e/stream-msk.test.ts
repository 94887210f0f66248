import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCli } from '../support/cli.ts';
import type { Broker } from '../support/kafka/broker.ts';
import { type Lab, openLab, packed } from '../support/kafka/lab.ts';
import { type Member, startMember } from '../support/kafka/member.ts';
import { IAM_ACCOUNT } from '../support/kafka/security.ts';
import { describeKafka } from '../support/kafka/suite.ts';
import { createTopics, produce, readCommitted, testKafka } from '../support/kafka/topics.ts';

const PATIENCE_MS = 180_000;
const MESSAGES = 4;

let lab: Lab;
beforeAll(async () => {
  lab = await openLab(200);
}, PATIENCE_MS);
afterAll(() => lab.close());

await describeKafka(
  'a broker that checks tokens as Amazon MSK does',
  (broker) => {
    beforeAll(() => createTopics(testKafka(broker().address), { msk: 1, 'msk-rows': 1 }), PATIENCE_MS);
    it('lets in by IAM, and again when the session has ended', () => letIn(broker()), PATIENCE_MS);
    it('refuses another account in one line', () => refused(broker()), PATIENCE_MS);
  },
  { secured: 'iam' },
);

const args = (broker: Broker, group: string): string[] => [
  ...['--brokers', broker.security?.sasl ?? '', '--topic', 'msk', '--group', group],
  ...['--inventory', lab.inventory, '--threads', '0'],
];

const account = (broker: Broker, secret: string): Record<string, string> => ({
  FLOWTRIE_KAFKA_TLS_CA: broker.security?.ca ?? '',
  FLOWTRIE_KAFKA_SASL_MECHANISM: 'aws-msk-iam',
  FLOWTRIE_KAFKA_SASL_REGION: IAM_ACCOUNT.region,
  AWS_ACCESS_KEY_ID: IAM_ACCOUNT.accessKeyId,
  AWS_SECRET_ACCESS_KEY: secret,
});

/** Sessions last two seconds from the client's side: it has to prove who it is while it works. */
async function letIn(broker: Broker): Promise<void> {
  const kafka = testKafka(broker.address);
  const messages = packed(lab.lines, lab.lines.length / MESSAGES, 1);
  const env = account(broker, IAM_ACCOUNT.secretAccessKey);
  const member = startMember([...args(broker, 'msk'), '--out', 'kafka:msk-rows', '-v'], env);
  for (const message of messages) {
    await produce(kafka, 'msk', [message]);
    await sleep(2_500);
  }
  await allJudged(broker, member);
  expect(await member.stop(), member.log()).toBe(143);
  expect(member.log()).not.toContain('"level":"error"');
  expect(member.log()).not.toContain(IAM_ACCOUNT.secretAccessKey);
}

async function allJudged({ address }: Broker, member: Member): Promise<void> {
  const records = lab.lines.filter((line) => !/ (NODATA|SKIPDATA)$/.test(line)).length;
  for (const until = Date.now() + 30_000; ; await sleep(500)) {
    const rows = await readCommitted(testKafka(address), 'msk-rows');
    const lines = rows.flatMap(({ value }) => value.toString().trim().split('\n'));
    if (lines.length === records) return;
    expect(Date.now(), `${lines.length} rows\n${member.log()}`).toBeLessThan(until);
  }
}

async function refused(broker: Broker): Promise<void> {
  const env = account(broker, 'the/secret+of=another');
  const { code, stdout, stderr } = await runCli(['stream', ...args(broker, 'other'), '-q'], { env });
  expect([code, stdout]).toEqual([3, '']);
  expect(stderr).toMatch(/^flowtrie: Kafka at 127\.0\.0\.1:\d+ refused the credentials \(SASL .*\)\n$/);
}
