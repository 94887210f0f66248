import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { machineFacts } from '../../bench/machine.ts';

const FOLDER = fileURLToPath(new URL('results/', import.meta.url));
const README = fileURLToPath(new URL('../../README.md', import.meta.url));
const SCALING = fileURLToPath(new URL('../../docs/scaling.md', import.meta.url));
const SEMANTICS = fileURLToPath(new URL('../../SEMANTICS.md', import.meta.url));
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
  put(README, soakWords(readResult));
  put(SCALING, `\n${scalingTable(readResult)}\n`);
  put(SEMANTICS, `\n${churnTable(readResult)}\n`);
}

/** Puts text between the markers of a page. */
function put(page: string, text: string): void {
  const words = readFileSync(page, 'utf8');
  const [from, to] = [words.indexOf(START) + START.length, words.indexOf(END)];
  if (to < from) throw new Error(`${page}: ${START} … ${END} is missing`);
  writeFileSync(page, `${words.slice(0, from)}\n${text}\n${words.slice(to)}`);
}

export function readResult(name: string): Result | null {
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
  lines.push(...swapWords(read('swap')), ...soakedWords(read('soak')));
  return lines.join('\n');
}

function number(value: string | number | undefined): string {
  return Number(value).toLocaleString('en-US');
}

function swapWords(swap: Result | null): string[] {
  if (swap === null) return [];
  const { swaps, lost, mixed } = swap;
  return [
    `- ${swaps} swaps of the inventory under load, ${number(swap.records)} records: ${lost} lost, ${mixed} judged by a`,
    `  mixture; rows ${number(swap.p50Ms)} ms after their message, ${number(swap.p99Ms)} ms at the 99th percentile`,
    '  (`npm run soak:swap`).',
  ];
}

function soakedWords(soak: Result | null): string[] {
  if (soak === null) return [];
  const { lagMaxSeconds, flushSeconds, latenessSeconds, missing } = soak;
  const [minutes, slope] = [Math.round(Number(soak.seconds) / 60), number(soak.rssSlopeMbPerHour)];
  return [
    `- ${minutes} minutes at ${number(soak.recordsPerSecond)} records/s: memory at most ${number(soak.rssMb)} MB,`,
    `  ${slope} MB more an hour, lag at most ${lagMaxSeconds} s; when input stopped, everything was out after`,
    `  ${flushSeconds} s with a lateness of ${latenessSeconds} s, ${missing} records missing (\`npm run soak\`).`,
  ];
}

/** The table of docs/scaling.md. */
export function scalingTable(read: (name: string) => Result | null): string {
  const scaling = read('scaling');
  if (scaling === null) return 'Not measured yet: `npm run soak:scaling -- --write`.';
  const one = Number(scaling.processes1);
  const rows = [1, 2, 4].map((processes) => {
    const rate = Number(scaling[`processes${processes}`]);
    return [String(processes), rate.toLocaleString('en-US'), (rate / one).toFixed(2)];
  });
  const head = ['processes', 'records/s', 'to one'];
  // as wide as its head, which the formatter wants: no figure is wider
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(head[column]?.length ?? 0)).join(' | ')} |`;
  const measured = `${number(scaling.records)} records in ${scaling.partitions} partitions`;
  const where = `${measured}, median of ${scaling.rounds}, ${scaling.machine}.`;
  return [line(head), line(head.map((word) => '-'.repeat(word.length))), ...rows.map(line), '', where].join('\n');
}

/** Words of attribution, in the order of the table's columns. */
const CHURN_WORDS = ['exact', 'inferred', 'candidates', 'none'];

/** The table of SEMANTICS.md: `<history>: <what>` is a count of each history. */
export function churnTable(read: (name: string) => Result | null): string {
  const churn = read('churn');
  if (churn === null) return 'Not measured yet: `npm run soak:churn -- --write`.';
  const histories = Object.keys(churn).flatMap((key) => /^(.*): sides$/.exec(key)?.[1] ?? []);
  const rows = histories.map((history) => {
    const of = (what: string): number => Number(churn[`${history}: ${what}`]);
    const shares = CHURN_WORDS.map((word) => `${((100 * of(word)) / of('sides')).toFixed(1)} %`);
    return [history, number(of('records')), number(of('wrong')), ...shares];
  });
  return table([['history', 'records', 'wrong owners', ...CHURN_WORDS], ...rows]);
}

/** Columns of one width, as the formatter wants them. */
function table(rows: readonly (readonly string[])[]): string {
  const [head = []] = rows;
  const widths = head.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  const [first = '', ...others] = rows.map(line);
  return [first, line(widths.map((width) => '-'.repeat(width))), ...others].join('\n');
}

/** What docs/scaling.md has between the markers. */
export function markedScaling(): string {
  return marked(SCALING);
}

/** What SEMANTICS.md has between the markers. */
export function markedChurn(): string {
  return marked(SEMANTICS);
}

function marked(path: string): string {
  const page = readFileSync(path, 'utf8');
  return page.slice(page.indexOf(START) + START.length, page.indexOf(END)).trim();
}

export function soakBlock(): string {
  return soakWords(readResult);
}

/** What README.md has between the markers. */
export function markedSoak(): string {
  return marked(README);
}
