import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCli } from '../support/cli.ts';
import type { Broker } from '../support/kafka/broker.ts';
import { type Lab, openLab, packed } from '../support/kafka/lab.ts';
import { startMember } from '../support/kafka/member.ts';
import type { Security } from '../support/kafka/security.ts';
import { describeKafka } from '../support/kafka/suite.ts';
import { createTopics, produce, testKafka } from '../support/kafka/topics.ts';

const PATIENCE_MS = 180_000;
const WRONG = 'wrong horse battery';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab(200);
}, PATIENCE_MS);
afterAll(() => lab.close());

await describeKafka(
  'a broker that asks who is there',
  (broker) => {
    beforeAll(async () => {
      const kafka = testKafka(broker().address);
      await createTopics(kafka, { secured: 1 });
      await produce(kafka, 'secured', packed(lab.lines, 50, 1));
    }, PATIENCE_MS);
    for (const mechanism of ['plain', 'scram-sha-256', 'scram-sha-512']) {
      it(`lets in by ${mechanism}`, () => letIn(broker(), mechanism), PATIENCE_MS);
    }
    it('lets in by certificates of both sides', () => mutual(broker()), PATIENCE_MS);
    it('refuses a wrong password in one line, without the password', () => refused(broker()), PATIENCE_MS);
    it('is not trusted without its authority', () => distrusted(broker()), PATIENCE_MS);
  },
  { secured: true },
);

function securityOf({ security }: Broker): Security {
  if (security === null) throw new Error('the broker was started without security');
  return security;
}

function account(broker: Broker, mechanism: string, password: string): Record<string, string> {
  return {
    FLOWTRIE_KAFKA_TLS_ENABLED: 'true',
    FLOWTRIE_KAFKA_TLS_CA: securityOf(broker).ca,
    FLOWTRIE_KAFKA_SASL_MECHANISM: mechanism,
    FLOWTRIE_KAFKA_SASL_USERNAME: securityOf(broker).user,
    FLOWTRIE_KAFKA_SASL_PASSWORD: password,
  };
}

const args = (address: string, group: string): string[] => [
  ...['--brokers', address, '--topic', 'secured', '--group', group],
  ...['--inventory', lab.inventory, '--threads', '0', '--stop-at-end', '-v'],
];

async function letIn(broker: Broker, mechanism: string): Promise<void> {
  const { sasl, password, ca, user } = securityOf(broker);
  const file = join(lab.folder, 'password');
  writeFileSync(file, `${password}\n`);
  const config = join(lab.folder, 'secured.yaml');
  const tls = `{ enabled: true, ca: ${ca} }`;
  writeFileSync(
    config,
    `kafka:\n  tls: ${tls}\n  sasl: { mechanism: ${mechanism}, username: ${user}, passwordFile: ${file} }\n`,
  );
  const member = startMember([...args(sasl, mechanism), '--config', config]);
  expect(await member.ended(), member.log()).toBe(0);
  expect(member.log()).toMatch(/"classified":1\d\d,|"classified":200,/);
  expect(member.log()).not.toContain(password);
}

async function mutual(broker: Broker): Promise<void> {
  const { mutual: address, ca, cert, key } = securityOf(broker);
  const env = { FLOWTRIE_KAFKA_TLS_ENABLED: 'true', FLOWTRIE_KAFKA_TLS_CA: ca };
  const own = { FLOWTRIE_KAFKA_TLS_CERT: cert, FLOWTRIE_KAFKA_TLS_KEY: key };
  const member = startMember(args(address, 'mutual'), { ...env, ...own });
  expect(await member.ended(), member.log()).toBe(0);
}

async function refused(broker: Broker): Promise<void> {
  const { sasl } = securityOf(broker);
  for (const mechanism of ['plain', 'scram-sha-512']) {
    const env = account(broker, mechanism, WRONG);
    const quiet = args(sasl, 'wrong').slice(0, -1);
    const { code, stdout, stderr } = await runCli(['stream', ...quiet, '-q'], { env });
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toMatch(/^flowtrie: Kafka at 127\.0\.0\.1:\d+ refused the credentials \(SASL .*\)\n$/);
    const loud = await runCli(['stream', ...args(sasl, 'wrong')], { env });
    expect(loud.stdout + loud.stderr + stderr).not.toContain(WRONG);
    expect(loud.stdout + loud.stderr).not.toContain(Buffer.from(WRONG).toString('base64'));
  }
}

async function distrusted(broker: Broker): Promise<void> {
  const { sasl, password } = securityOf(broker);
  const { FLOWTRIE_KAFKA_TLS_CA: _, ...env } = account(broker, 'plain', password);
  const { code, stderr } = await runCli(['stream', ...args(sasl, 'distrusted').slice(0, -1), '-q'], { env });
  expect(code).toBe(3);
  expect(stderr).toMatch(/^flowtrie: Kafka at \S+: .*certificate.*: set kafka\.tls\.ca\n$/);
}
