import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { machineFacts } from '../../bench/machine.ts';

const FOLDER = fileURLToPath(new URL('results/', import.meta.url));
const README = fileURLToPath(new URL('../../README.md', import.meta.url));
const [START, END] = ['<!-- soak:start -->', '<!-- soak:end -->'];

type Result = Readonly<Record<string, string | number>>;

/** Prints a result; with `--write` also keeps it in `results/` and puts its words into README.md. */
export function writeResult(name: string, result: Result): void {
  const { cores, cpu, node } = machineFacts();
  const text = JSON.stringify({ ...result, machine: `${cores} cores of ${cpu}, Node ${node}` }, null, 2);
  console.log(text);
  if (!process.argv.includes('--write')) return;
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(`${FOLDER}${name}.json`, `${text}\n`);
  const readme = readFileSync(README, 'utf8');
  const [from, to] = [readme.indexOf(START) + START.length, readme.indexOf(END)];
  if (to < from) throw new Error(`README.md: ${START} … ${END} is missing`);
  writeFileSync(README, `${readme.slice(0, from)}\n${soakWords(readResult)}\n${readme.slice(to)}`);
}

function readResult(name: string): Result | null {
  try {
    return JSON.parse(readFileSync(`${FOLDER}${name}.json`, 'utf8')) as Result;
  } catch {
    return null;
  }
}

/** What stands between the markers of README.md, from the results that are there. */
export function soakWords(read: (name: string) => Result | null): string {
  const once = read('exactly-once');
  const rates = read('throughput');
  const number = (value: string | number | undefined): string => Number(value).toLocaleString('en-US');
  const lines: string[] = [];
  if (once !== null) {
    lines.push(
      `- Exactly once: ${once.memberKills} members and ${once.brokerKills} brokers killed, ${once.rebalances} members`,
      `  joined or left, ${number(once.records)} records: ${once.lost} lost, ${once.repeated} repeated`,
      `  (Kafka ${once.kafka}; \`npm run soak:exactly-once\`).`,
    );
  }
  if (rates !== null) {
    lines.push(
      `- Through a broker on the same machine: ${number(rates.packedPerSecond)} records/s packed,`,
      `  ${number(rates.singlePerSecond)} with one line a value, ${rates.singleToBare} times what kafkajs alone counts`,
      `  (Kafka ${rates.kafka}, ${rates.machine}; \`npm run soak:throughput\`).`,
    );
  }
  return lines.join('\n');
}

export function soakBlock(): string {
  return soakWords(readResult);
}

/** What README.md has between the markers. */
export function markedSoak(): string {
  const readme = readFileSync(README, 'utf8');
  return readme.slice(readme.indexOf(START) + START.length, readme.indexOf(END)).trim();
}
