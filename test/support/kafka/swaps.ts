import { cpSync, mkdtempSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Broker } from './broker.ts';
import { caughtUp, difference } from './chaos.ts';
import { digestOf, type Lab, packed } from './lab.ts';
import { startMember } from './member.ts';
import { createTopics, produce, readCommitted, testKafka } from './topics.ts';

export interface SwapReport {
  readonly swaps: number;
  readonly records: number;
  /** Rows of `replay` over the whole history that are not there; another version's word would be one of them, too. */
  readonly lost: number;
  /** Rows that `replay` does not have: judged by a mixture, or twice. */
  readonly mixed: number;
  /** Versions that judged records. */
  readonly versions: number;
  /** From the message's own time to that of its rows. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Versions begin at full seconds. */
const SWAP_MS = 1_100;
/** A record is so old when it comes: the version that its start asks for is in force by then. */
const AGE_SECONDS = 3;
const FIRST_VERSION = '2020-01-01T00:00:00Z';
const FEED_MS = 100;
const PARTITIONS = 2;
/** Lines of one feed, and of one message. */
const FEED_LINES = 600;
const MESSAGE_LINES = 50;

/** Swaps the inventory again and again while records come in all the time, and compares every row with `replay`. */
export async function runSwaps(broker: Broker, lab: Lab, swaps: number): Promise<SwapReport> {
  const kafka = testKafka(broker.address);
  await createTopics(kafka, { swapped: PARTITIONS, judged: PARTITIONS });
  const own = mkdtempSync(join(lab.folder, 'swaps-'));
  const inventories = [lab.inventory, withoutIngress(lab.inventory, join(own, 'strict'))] as const;
  const live = join(own, 'live');
  publish(live, inventories[0]);
  const options = ['--brokers', broker.address, '--topic', 'swapped', '--inventory', live, '--threads', '2'];
  const member = startMember([...options, '--out', 'kafka:judged'], { FLOWTRIE_INVENTORY_SECONDS: '0.1' });
  const versions = (): string[] =>
    [...member.log().matchAll(/"versions":\[[^\]]*"([^"]+)"\]/g)].map(([, label]) => label ?? '');
  const until = async (seen: () => boolean): Promise<void> => {
    for (let tries = 0; !seen() && tries < 600; tries++) await sleep(50);
  };
  await until(() => member.log().includes('partitions assigned'));
  const sent: string[] = [];
  const feed = startFeed(kafka, lab, sent);
  for (let swap = 1; swap <= swaps; swap++) {
    await sleep(SWAP_MS);
    publish(live, inventories[swap % 2] ?? lab.inventory);
    await until(() => versions().length === swap);
  }
  // records that the last version is meant for
  await sleep((AGE_SECONDS + 1) * 1000);
  await feed.stop();
  await caughtUp(kafka, 'flowtrie', 'swapped');
  const code = await member.stop();
  if (code !== 143 || versions().length !== swaps) throw new Error(`${versions().length} swaps:\n${member.log()}`);
  const history = join(own, 'history');
  [FIRST_VERSION, ...versions()].forEach((label, i) => {
    cpSync(inventories[i % 2] ?? '', join(history, label), { recursive: true });
  });
  const judged = await readCommitted(kafka, 'judged');
  const judgedBy = new Set<string | undefined>();
  const digests: string[] = [];
  for (const { value } of judged) {
    for (const row of value.toString().split('\n').slice(0, -1)) {
      const named = row.replace('"inventory_version":"all"', `"inventory_version":"${FIRST_VERSION}"`);
      judgedBy.add(/"inventory_version":"([^"]+)"/.exec(named)?.[1]);
      digests.push(digestOf(withoutHindsight(named)));
    }
  }
  const expected = await lab.replayDigests(sent, history, withoutHindsight);
  const { lost, repeated } = difference(expected, digests.sort());
  const latencies = await latenciesOf(kafka, judged);
  return {
    swaps,
    records: sent.length,
    lost,
    mixed: repeated,
    versions: judgedBy.size,
    p50Ms: latencies[Math.floor(latencies.length / 2)] ?? 0,
    p99Ms: latencies[Math.floor(latencies.length * 0.99)] ?? 0,
  };
}

/** Sends records without a pause; `sent` gets the lines. */
function startFeed(kafka: ReturnType<typeof testKafka>, lab: Lab, sent: string[]): { stop(): Promise<void> } {
  let running = true;
  const feed = async (): Promise<void> => {
    while (running) {
      const now = Math.floor(Date.now() / 1000) - AGE_SECONDS;
      const lines = lab.lines.slice(0, FEED_LINES).map((line) => withTimes(line, now));
      sent.push(...lines);
      await produce(kafka, 'swapped', packed(lines, MESSAGE_LINES, PARTITIONS));
      await sleep(FEED_MS);
    }
  };
  const done = feed();
  return {
    async stop() {
      running = false;
      await done;
    },
  };
}

/** Ascending: for each message of the input, until its rows were written. */
async function latenciesOf(
  kafka: ReturnType<typeof testKafka>,
  judged: Awaited<ReturnType<typeof readCommitted>>,
): Promise<number[]> {
  const came = new Map((await readCommitted(kafka, 'swapped')).map((m) => [`${m.partition} ${m.offset}`, m.timestamp]));
  const latencies: number[] = [];
  for (const { headers, timestamp } of judged) {
    const partition = headers['flowtrie.source']?.split('/')[1];
    const [first = 0, last = -1] = headers['flowtrie.offsets']?.split('-').map(Number) ?? [];
    for (let offset = first; offset <= last; offset++) {
      const since = came.get(`${partition} ${offset}`);
      if (since !== undefined) latencies.push(timestamp - since);
    }
  }
  return latencies.sort((a, b) => a - b);
}

/** A row but for what a later version says of it: the stream does not know that version yet, replay does. */
function withoutHindsight(row: string): string {
  return row.replace(/,"(drift_cause|agreeing_version)":(null|"[^"]*")/g, '');
}

/** Puts a link to `folder` in the place of `live` in one step. */
function publish(live: string, folder: string): void {
  symlinkSync(folder, `${live}.next`);
  renameSync(`${live}.next`, live);
}

/** A copy whose security groups let nothing in. */
function withoutIngress(from: string, to: string): string {
  cpSync(from, to, { recursive: true });
  const file = join(to, 'describe-security-groups.json');
  const { SecurityGroups } = JSON.parse(readFileSync(file, 'utf8')) as { SecurityGroups: object[] };
  const closed = SecurityGroups.map((group) => ({ ...group, IpPermissions: [] }));
  writeFileSync(file, JSON.stringify({ SecurityGroups: closed }));
  return to;
}

function withTimes(line: string, start: number): string {
  const fields = line.split(' ');
  return [...fields.slice(0, 10), start, start + 1, ...fields.slice(12)].join(' ');
}
