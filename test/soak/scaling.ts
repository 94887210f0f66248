import { setTimeout as sleep } from 'node:timers/promises';
import { startBroker } from '../support/kafka/broker.ts';
import { caughtUp } from '../support/kafka/chaos.ts';
import { KAFKA_NEWEST } from '../support/kafka/jars.ts';
import { openLab, packed } from '../support/kafka/lab.ts';
import { type Member, startMember } from '../support/kafka/member.ts';
import { createTopics, produce, testKafka } from '../support/kafka/topics.ts';
import { writeResult } from './results.ts';

/**
 * `npm run soak:scaling [-- RECORDS [ROUNDS]] [--write]`: the same backlog worked off by 1, 2 and 4 processes of one
 * group, one worker thread each, in turn; broker on the same machine.
 */
const plain = process.argv.slice(2).filter((word) => word !== '--write');
const [records, rounds] = [Number(plain[0] ?? 2_000_000), Number(plain[1] ?? 3)];
const PROCESSES = [1, 2, 4] as const;
const PARTITIONS = 8;
const LINES_PACKED = 2_000;

function timeOf(member: Member, message: string): number {
  const line = member
    .log()
    .split('\n')
    .find((entry) => entry.includes(`"message":"${message}"`));
  return line === undefined ? Number.NaN : Date.parse((JSON.parse(line) as { time: string }).time);
}

const broker = await startBroker(KAFKA_NEWEST);
const lab = await openLab(100_000);
try {
  const kafka = testKafka(broker.address);
  await createTopics(kafka, { backlog: PARTITIONS });
  const messages = packed(lab.lines, LINES_PACKED, PARTITIONS);
  let total = 0;
  for (; total < records; total += lab.lines.length) await produce(kafka, 'backlog', messages);
  const rates = new Map<number, number[]>(PROCESSES.map((processes) => [processes, []]));
  for (let round = 0; round < rounds; round++) {
    for (const processes of PROCESSES) {
      const group = `scaling-${round}-${processes}`;
      const start = (): Member =>
        startMember(
          [
            ...['--brokers', broker.address, '--topic', 'backlog', '--group', group, '--inventory', lab.inventory],
            ...['--out', 'none', '--threads', '1'],
          ],
          { FLOWTRIE_KAFKA_SESSION_SECONDS: '30' },
        );
      const members = Array.from({ length: processes }, start);
      while (!members.some((member) => member.log().includes('partitions assigned'))) await sleep(50);
      await caughtUp(kafka, group, 'backlog');
      const ended = Date.now();
      const begun = Math.min(...members.map((member) => timeOf(member, 'partitions assigned')).filter((at) => at > 0));
      for (const member of members) await member.stop();
      const rate = total / ((ended - begun) / 1000);
      rates.get(processes)?.push(rate);
      console.error(`${processes} processes: ${Math.round(rate).toLocaleString('en-US')} records/s`);
    }
  }
  const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[list.length >> 1] ?? 0;
  const figures = PROCESSES.map((processes) => [
    `processes${processes}`,
    Math.round(median(rates.get(processes) ?? [])),
  ]);
  writeResult('scaling', {
    kafka: KAFKA_NEWEST,
    rounds,
    records: total,
    partitions: PARTITIONS,
    ...Object.fromEntries(figures),
  });
} finally {
  lab.close();
  await broker.stop();
}
