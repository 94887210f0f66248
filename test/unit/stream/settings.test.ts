import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { environmentName, readSettings } from '../../../src/cli/stream-settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'flowtrie-settings-'));
const FLAGS = { brokers: 'a:9092,b:9093', topic: 'raw', inventory: 'inventory' };

function file(text: string): string {
  const path = join(folder, 'flowtrie.yaml');
  writeFileSync(path, text);
  return path;
}

describe('settings of stream', () => {
  it('come from flags, environment and file, in this order', () => {
    const config = file('kafka: {group: filed, topics: [x], sessionSeconds: 7}\nthreads: 3\nout: none\n');
    const environment = { FLOWTRIE_KAFKA_GROUP: 'named', FLOWTRIE_THREADS: '5', FLOWTRIE_OUT: 'kafka:e' };
    const settings = readSettings({ ...FLAGS, out: '-' }, environment, config);
    expect(settings.kafka).toMatchObject({ brokers: ['a:9092', 'b:9093'], topics: ['raw'], group: 'named' });
    expect(settings.kafka.sessionSeconds).toBe(7);
    expect(settings).toMatchObject({ threads: 5, out: '-', stopAtEnd: false });
  });

  it('have one environment name each', () => {
    expect(environmentName('kafka.sasl.passwordFile')).toBe('FLOWTRIE_KAFKA_SASL_PASSWORD_FILE');
  });

  it.each([
    [{ ...FLAGS, brokers: 'nowhere' }, {}, '', '--brokers: kafka.brokers.0: expected HOST:PORT, got "nowhere"'],
    [{ ...FLAGS, brokers: undefined }, {}, '', 'missing --brokers (or FLOWTRIE_KAFKA_BROKERS'],
    [FLAGS, { FLOWTRIE_THREADS: 'x' }, '', 'FLOWTRIE_THREADS: threads: expected a whole number from 0 to 256, got "x"'],
    [FLAGS, {}, 'out: none\nkafka:\n  from: now\n', "flowtrie.yaml:3: kafka.from: expected 'earliest', 'latest' or"],
    [FLAGS, {}, 'kafka:\n  grop: a\n', 'flowtrie.yaml:2: kafka.grop: no such setting'],
    [FLAGS, {}, 'kafka: [\n', 'broken YAML'],
    [FLAGS, {}, '- a\n', 'expected settings by name, got ["a"]'],
    [FLAGS, { FLOWTRIE_KAFKA_SASL_MECHANISM: 'plan' }, '', 'FLOWTRIE_KAFKA_SASL_MECHANISM: kafka.sasl.mechanism:'],
    [{ ...FLAGS, logFormat: '' }, {}, '', '--log-format: logFormat:'],
  ])('that are wrong are named with their place: %#', (flags, environment, text, message) => {
    expect(() => readSettings(flags, environment, file(text))).toThrow(message);
  });

  it('never show a password', () => {
    const config = file('kafka: {sasl: {mechanism: plain, username: u, password: 12345678}}\n');
    expect(() => readSettings(FLAGS, {}, config)).toThrow('got a secret');
    const read = join(folder, 'password');
    writeFileSync(read, 'from a file\n');
    const environment = { FLOWTRIE_KAFKA_SASL_MECHANISM: 'plain', FLOWTRIE_KAFKA_SASL_PASSWORD_FILE: read };
    expect(readSettings(FLAGS, environment, undefined).kafka.sasl?.password).toBe('from a file');
  });
});
