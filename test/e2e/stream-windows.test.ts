import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Summary } from '../../src/model/summary.ts';
import type { Broker } from '../support/kafka/broker.ts';
import { caughtUp, difference } from '../support/kafka/chaos.ts';
import { type Lab, openLab, packed, sortedLines } from '../support/kafka/lab.ts';
import { type Member, startMember } from '../support/kafka/member.ts';
import { describeKafka } from '../support/kafka/suite.ts';
import { createTopics, produce, readCommitted, testKafka } from '../support/kafka/topics.ts';

const LINES = 6_000;
const PATIENCE_MS = 180_000;
/** Lateness of members that are fed records of now. */
const LATENESS_SECONDS = 3;

/** A row of the topic of windows. */
interface WindowRow {
  readonly window: string | null;
  readonly source: string;
  readonly kind: string;
  readonly late?: boolean;
  readonly others?: boolean;
  readonly src?: string;
  readonly dst?: string;
  readonly records: number;
  readonly bytes: number;
}

/** The default format with its last field in front. */
const TURNED =
  'log-status version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action';

function turnedLine(line: string): string {
  const fields = line.split(' ');
  return [fields.at(-1), ...fields.slice(0, -1)].join(' ');
}

let lab: Lab;
beforeAll(async () => {
  lab = await openLab(LINES);
});
afterAll(() => lab.close());

await describeKafka('windows of flowtrie stream', (broker) => {
  it('pairs as replay does, whichever partition has the twin', () => pairs(broker()), PATIENCE_MS);
  it('waits for a twin that comes late, and flushes when nothing comes any more', () => late(broker()), PATIENCE_MS);
  it('counts every record in exactly one row, whoever is killed', () => counted(broker()), PATIENCE_MS);
});

async function rowsOf(kafka: ReturnType<typeof testKafka>, topic: string): Promise<string[]> {
  return sortedLines((await readCommitted(kafka, topic)).map(({ value }) => value.toString()).join(''));
}

async function windowRows(kafka: ReturnType<typeof testKafka>, topic: string): Promise<WindowRow[]> {
  return (await rowsOf(kafka, topic)).map((line) => JSON.parse(line) as WindowRow);
}

const recordsOf = (rows: readonly WindowRow[], kind: string): number =>
  rows.filter((row) => row.kind === kind).reduce((sum, { records }) => sum + records, 0);

async function pairs(broker: Broker): Promise<void> {
  const kafka = testKafka(broker.address);
  await createTopics(kafka, { twins: 3, paired: 3, sums: 1 });
  const [plain, turned] = [lab.lines.slice(0, -400), lab.lines.slice(-400)];
  await produce(kafka, 'twins', packed(plain, 200, 3));
  // a header amid messages without one: its fields are those of its own message only, also for whose twins these are
  const value = `${TURNED}\n${turned.slice(0, 200).map(turnedLine).join('\n')}`;
  await produce(kafka, 'twins', [
    { partition: 0, value },
    { partition: 0, value: turned.slice(200).join('\n') },
  ]);
  const args = ['--brokers', broker.address, '--topic', 'twins', '--inventory', lab.inventory, '--threads', '2'];
  const targets = ['--out', 'kafka:paired', '--windows', 'kafka:sums', '--pair', '--stop-at-end', '--json'];
  const member = startMember([...args, ...targets]);
  expect(await member.ended(), member.log()).toBe(0);
  const rows = await rowsOf(kafka, 'paired');
  expect(difference(await lab.replayRows(lab.lines, undefined, true), rows)).toEqual({ lost: 0, repeated: 0 });
  expect(rows.some((row) => row.includes('"inferred"'))).toBe(true);
  const { ledger, top } = JSON.parse(member.stdout()) as Summary;
  const sums = await windowRows(kafka, 'sums');
  for (const kind of ['pair', 'path', 'drift']) expect(recordsOf(sums, kind), kind).toBe(ledger.classified);
  const [heaviest] = top.workloads;
  const bytes = sums.filter((row) => row.src === heaviest?.src && row.dst === heaviest?.dst);
  expect(bytes.reduce((sum, row) => sum + row.bytes, 0)).toBe(heaviest?.bytes);
}

/** The lines with windows that ended just now. */
function ofNow(lines: readonly string[], ago = 1): string[] {
  const end = Math.floor(Date.now() / 1000) - ago;
  return lines.map((line) => {
    const fields = line.split(' ');
    return [...fields.slice(0, 10), end - 1, end, ...fields.slice(12)].join(' ');
  });
}

async function late(broker: Broker): Promise<void> {
  const kafka = testKafka(broker.address);
  await createTopics(kafka, { live: 2, judged: 2, minutes: 1 });
  const member = startMember(
    [
      ...['--brokers', broker.address, '--topic', 'live', '--group', 'late', '--inventory', lab.inventory],
      ...['--out', 'kafka:judged', '--windows', 'kafka:minutes', '--threads', '1'],
      ...['--pair', '--lateness-seconds', String(LATENESS_SECONDS)],
    ],
    { FLOWTRIE_WINDOW_SECONDS: '1' },
  );
  await assigned(member);
  const now = ofNow(lab.lines.slice(0, 2000));
  // what one interface logs comes first, the rest comes when its twins are judged soon
  const isFirst = (line: string): boolean => line.split(' ')[2]?.endsWith('1') === true;
  const [early, later] = [now.filter(isFirst), now.filter((line) => !isFirst(line))];
  await produce(kafka, 'live', packed(early, 50, 2));
  await sleep(1000);
  expect(await rowsOf(kafka, 'judged')).toHaveLength(0);
  await produce(kafka, 'live', packed(later, 50, 2));
  const sent = Date.now();
  await caughtUp(kafka, 'late', 'live');
  expect(Date.now() - sent).toBeLessThan((LATENESS_SECONDS + 10) * 1000);
  const rows = await rowsOf(kafka, 'judged');
  expect(difference(await lab.replayRows(now, undefined, true), rows)).toEqual({ lost: 0, repeated: 0 });
  for (let tries = 0; tries < 100 && recordsOf(await windowRows(kafka, 'minutes'), 'pair') < rows.length; tries++)
    await sleep(100);
  const sums = await windowRows(kafka, 'minutes');
  expect(recordsOf(sums, 'pair')).toBe(rows.length);
  expect(sums.some((row) => row.late)).toBe(false);
  expect(await member.stop()).toBe(143);
}

async function assigned(member: Member): Promise<void> {
  for (let tries = 0; !member.log().includes('partitions assigned') && tries < 600; tries++) await sleep(50);
}

async function counted(broker: Broker): Promise<void> {
  const kafka = testKafka(broker.address);
  await createTopics(kafka, { fed: 2, totals: 1 });
  const start = (): Member =>
    startMember(
      [
        ...['--brokers', broker.address, '--topic', 'fed', '--group', 'counted', '--inventory', lab.inventory],
        ...['--windows', 'kafka:totals', '--threads', '1', '--lateness-seconds', String(LATENESS_SECONDS)],
      ],
      { FLOWTRIE_WINDOW_SECONDS: '2', FLOWTRIE_WINDOW_TOP: '5' },
    );
  let member = start();
  await assigned(member);
  let sent = 0;
  const feed = async (ago?: number): Promise<void> => {
    // what is no record is in no window
    const lines = ofNow(lab.lines.filter((line) => line.endsWith(' OK')).slice(0, 400), ago);
    sent += lines.length;
    await produce(kafka, 'fed', packed(lines, 50, 2));
  };
  for (let kill = 0; kill < 3; kill++) {
    await feed();
    await sleep(1500);
    // committed, and still in an open window
    await member.kill();
    await feed();
    member = start();
    await assigned(member);
  }
  await feed();
  // long after its window was written
  await feed(600);
  await caughtUp(kafka, 'counted', 'fed');
  for (let tries = 0; tries < 150 && recordsOf(await windowRows(kafka, 'totals'), 'pair') < sent; tries++)
    await sleep(100);
  await member.stop();
  const rows = await windowRows(kafka, 'totals');
  for (const kind of ['pair', 'path', 'drift']) expect(recordsOf(rows, kind), kind).toBe(sent);
  expect(
    recordsOf(
      rows.filter((row) => row.late),
      'pair',
    ),
  ).toBe(400);
  const perWindow = new Map<string, number>();
  for (const { window, source, kind, others } of rows.filter((row) => row.kind === 'pair' && !row.late)) {
    const key = `${window} ${source} ${kind} ${others ?? false}`;
    perWindow.set(key, (perWindow.get(key) ?? 0) + 1);
  }
  expect(Math.max(...perWindow.values())).toBeLessThanOrEqual(5);
}
