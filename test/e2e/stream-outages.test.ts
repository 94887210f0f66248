import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Broker } from '../support/kafka/broker.ts';
import { caughtUp, difference } from '../support/kafka/chaos.ts';
import { type Lab, openLab, packed, sortedLines } from '../support/kafka/lab.ts';
import { type Member, startMember } from '../support/kafka/member.ts';
import { describeKafka } from '../support/kafka/suite.ts';
import { createTopics, produce, readCommitted, testKafka } from '../support/kafka/topics.ts';
import { describeNeeding } from '../support/needs.ts';
import { fillDisk, removeDisk, smallDisk } from '../support/small-disk.ts';

/** The broker is away for so long; `FLOWTRIE_AWAY_SECONDS=300` for the long form. */
const AWAY_SECONDS = Number(process.env.FLOWTRIE_AWAY_SECONDS ?? 15);
const PATIENCE_MS = (AWAY_SECONDS + 180) * 1000;
const DISK_BYTES = 64 * 1024 * 1024;

let lab: Lab;
beforeAll(async () => {
  lab = await openLab(3_000);
});
afterAll(() => lab.close());

await describeKafka(
  'outages of flowtrie stream',
  (broker) => {
    it('waits for a broker that is away, and loses nothing', () => away(broker()), PATIENCE_MS);
    it('waits for an output topic that is not there yet', () => missingTopic(broker()), PATIENCE_MS);
    const disk = smallDisk(DISK_BYTES);
    describeNeeding('tmpfs', 'a disk that is full', disk === null ? 'mounting a tmpfs takes root' : null, () => {
      it('is waited for, and nothing is lost', () => fullDisk(broker(), disk ?? ''), PATIENCE_MS);
    });
  },
  // it is killed
  { own: true },
);

/** Resolves when /readyz answers so and says the word. */
async function ready(member: Member, status: number, word: string): Promise<void> {
  let last = '';
  for (let tries = 0; tries < 10 * (AWAY_SECONDS + 60); tries++, await sleep(100)) {
    const address = /"address":"([^"]+)"/.exec(member.log())?.[1];
    if (address === undefined) continue;
    const response = await fetch(`http://${address}/readyz`);
    last = `${response.status} ${await response.text()}`;
    if (last.startsWith(String(status)) && last.includes(word)) return;
  }
  expect.fail(`/readyz never answered ${status} with '${word}', but ${last}\n${member.log()}`);
}

function start(broker: Broker, topic: string, out: string, env: Readonly<Record<string, string>> = {}): Member {
  return startMember(
    [
      ...['--brokers', broker.address, '--topic', topic, '--group', topic, '--inventory', lab.inventory],
      ...['--out', out, '--threads', '1', '--http', '127.0.0.1:0'],
    ],
    env,
  );
}

async function away(broker: Broker): Promise<void> {
  const kafka = testKafka(broker.address);
  await createTopics(kafka, { away: 2, back: 2 });
  const member = start(broker, 'away', 'kafka:back');
  await ready(member, 200, '"ready":true');
  await produce(kafka, 'away', packed(lab.lines.slice(0, 1000), 50, 2));
  await broker.kill();
  const gone = Date.now();
  await ready(member, 503, '"kafka"');
  await sleep(Math.max(0, AWAY_SECONDS * 1000 - (Date.now() - gone)));
  await broker.start();
  await produce(kafka, 'away', packed(lab.lines.slice(1000), 50, 2));
  await ready(member, 200, '"ready":true');
  await caughtUp(kafka, 'away', 'away');
  const text = (await readCommitted(kafka, 'back')).map(({ value }) => value.toString()).join('');
  const sent = (await readCommitted(kafka, 'away')).flatMap(({ value }) => value.toString().split('\n'));
  expect(difference(await lab.replayRows(sent), sortedLines(text))).toEqual({ lost: 0, repeated: 0 });
  expect(member.log()).toContain('the connection was lost, trying again');
  expect(await member.stop()).toBe(143);
}

async function missingTopic(broker: Broker): Promise<void> {
  const kafka = testKafka(broker.address);
  await createTopics(kafka, { early: 1 });
  const member = start(broker, 'early', 'kafka:later');
  await produce(kafka, 'early', packed(lab.lines.slice(0, 200), 50, 1));
  await ready(member, 503, 'topic later does not exist');
  await createTopics(kafka, { later: 1 });
  await ready(member, 200, '"ready":true');
  await caughtUp(kafka, 'early', 'early');
  expect(await member.stop()).toBe(143);
}

async function fullDisk(broker: Broker, disk: string): Promise<void> {
  const kafka = testKafka(broker.address);
  await createTopics(kafka, { disk: 1 });
  const out = join(disk, 'rows/');
  mkdirSync(out);
  const ballast = fillDisk(disk, 64 * 1024);
  const member = start(broker, 'disk', out, { FLOWTRIE_FILE_SECONDS: '1' });
  try {
    await ready(member, 200, '"ready":true');
    await produce(kafka, 'disk', packed(lab.lines, 100, 1));
    await ready(member, 503, 'ENOSPC');
    // it stays what it is: no commit, no file
    await sleep(3_000);
    await ready(member, 503, 'ENOSPC');
    expect(filesIn(out)).toEqual([]);
    rmSync(ballast);
    await ready(member, 200, '"ready":true');
    await caughtUp(kafka, 'disk', 'disk');
    expect(await member.stop()).toBe(143);
    const rows = sortedLines(
      filesIn(out)
        .map((name) => readFileSync(join(out, name), 'utf8'))
        .join(''),
    );
    expect(difference(await lab.replayRows(lab.lines), rows)).toEqual({ lost: 0, repeated: 0 });
  } finally {
    await member.kill();
    removeDisk(disk);
  }
}

function filesIn(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => /\/\d{20}-\d{20}-[^/]*\.ndjson$/.test(name)).sort();
}
