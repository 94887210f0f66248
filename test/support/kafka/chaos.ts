import { setTimeout as sleep } from 'node:timers/promises';
import type { Kafka } from 'kafkajs';
import type { Dice } from '../dice.ts';
import type { Broker } from './broker.ts';
import { digestOf, type Lab, packed, sortedLines } from './lab.ts';
import { type Member, startMember } from './member.ts';
import { createTopics, endsOf, produce, readCommitted, testKafka } from './topics.ts';

export interface ChaosOptions {
  readonly broker: Broker;
  readonly lab: Lab;
  readonly dice: Dice;
  /** Times that a member or the broker is killed with SIGKILL. */
  readonly kills: number;
  /** Every so many kills one is of the broker. */
  readonly brokerEvery: number;
  readonly membersMax: number;
  readonly log: (line: string) => void;
}

export interface ChaosReport {
  readonly memberKills: number;
  readonly brokerKills: number;
  /** Members that joined or left in an orderly way. */
  readonly rebalances: number;
  readonly records: number;
  /** Rows of `replay` that a read_committed reader does not find, and rows that it finds too often. */
  readonly lost: number;
  readonly repeated: number;
}

const PARTITIONS = 4;
const LINES_PER_MESSAGE = 20;
const MESSAGES_PER_FEED = 40;
const FEED_MS = 50;
const LIFE_MS = 2_500;
const END_MS = 90_000;

/** Kills members and broker at random moments while records come in, then compares what came out with `replay`. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const { broker, lab, dice, kills, brokerEvery, membersMax, log } = options;
  const kafka = testKafka(broker.address);
  const id = dice.below(1_000_000);
  const [raw, out, group] = [`raw-${id}`, `out-${id}`, `group-${id}`];
  await createTopics(kafka, { [raw]: PARTITIONS, [out]: PARTITIONS });
  const start = (): Member =>
    startMember([
      ...['--brokers', broker.address, '--topic', raw, '--group', group, '--inventory', lab.inventory],
      ...['--out', `kafka:${out}`, '--threads', '1'],
    ]);
  const feed = startFeed(kafka, raw, lab.lines);
  const members = [start()];
  const counts = { memberKills: 0, brokerKills: 0, rebalances: 0 };
  while (counts.memberKills + counts.brokerKills < kills) {
    await sleep(100 + dice.below(LIFE_MS));
    const killed = counts.memberKills + counts.brokerKills;
    if (members.length < membersMax && dice.below(3) === 0) {
      members.push(start());
      counts.rebalances++;
    } else if (members.length > 1 && dice.below(5) === 0) {
      await members.splice(dice.below(members.length), 1)[0]?.stop();
      counts.rebalances++;
    } else if (killed % brokerEvery === brokerEvery - 1) {
      await broker.kill();
      await broker.start();
      counts.brokerKills++;
      log(`kill ${killed + 1}: broker`);
    } else {
      const at = dice.below(members.length);
      await members[at]?.kill();
      members[at] = start();
      counts.memberKills++;
      log(`kill ${killed + 1}: member ${at + 1} of ${members.length}`);
    }
  }
  await feed.stop();
  await caughtUp(kafka, group, raw);
  for (const member of members) await member.stop();
  const lines = (await readCommitted(kafka, raw)).flatMap(({ value }) => value.toString().split('\n'));
  const rows = (await readCommitted(kafka, out)).flatMap(({ value }) => sortedLines(value.toString()).map(digestOf));
  return { ...counts, records: lines.length, ...difference(await lab.replayDigests(lines), rows.sort()) };
}

/** Sends messages all the time; what is in the topic at the end counts, so a send that failed does not matter. */
function startFeed(kafka: Kafka, topic: string, lines: readonly string[]): { stop(): Promise<void> } {
  let running = true;
  const feed = async (): Promise<void> => {
    const messages = packed(lines, LINES_PER_MESSAGE, PARTITIONS);
    for (let from = 0; running; from = (from + MESSAGES_PER_FEED) % messages.length) {
      await produce(kafka, topic, messages.slice(from, from + MESSAGES_PER_FEED)).catch(() => {});
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

/** Resolves when the group has committed everything. */
export async function caughtUp(kafka: Kafka, group: string, topic: string): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  for (const deadline = Date.now() + END_MS; ; await sleep(100)) {
    const ends = await endsOf(admin, topic);
    const [committed] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
    const behind = ends.filter(({ partition, high }) => {
      const offset = committed?.partitions.find((entry) => entry.partition === partition)?.offset;
      return Number(high) > 0 && Number(offset ?? -1) < Number(high);
    });
    if (behind.length === 0) break;
    if (Date.now() > deadline)
      throw new Error(`${group} is behind after ${END_MS} ms: ${JSON.stringify({ behind, committed })}`);
  }
  await admin.disconnect();
}

/** Sorted lists as multisets. */
export function difference(
  expected: readonly string[],
  found: readonly string[],
): { readonly lost: number; readonly repeated: number } {
  let [lost, repeated] = [0, 0];
  for (let e = 0, f = 0; e < expected.length || f < found.length; ) {
    const [want, got] = [expected[e], found[f]];
    if (want === got) {
      e++;
      f++;
    } else if (got === undefined || (want !== undefined && want < got)) {
      lost++;
      e++;
    } else {
      repeated++;
      f++;
    }
  }
  return { lost, repeated };
}
