import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ledgerSum } from '../../src/model/ledger.ts';
import type { Summary } from '../../src/model/summary.ts';
import { runCli } from '../support/cli.ts';
import { type MixedInput, writeMixedInput } from '../support/mixed-input.ts';

const SEED = 20_260_311;
/** Bytes of a plain file that are one task: the large file is more than two. */
const RANGE_BYTES = 16 * 1024 * 1024;
const folder = mkdtempSync(join(tmpdir(), 'flowtrie-threads-'));
const THREADS = ['0', '1', '2', '4'] as const;
const FORMATS = ['ndjson', 'csv', 'arrow', 'parquet'] as const;
let input: MixedInput;

beforeAll(() => {
  input = writeMixedInput(folder, SEED, RANGE_BYTES);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function digest(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

/** Everything of a run that has to be the same for any number of threads. */
interface Outcome {
  readonly rows: string;
  readonly quarantine: string;
  readonly summary: Omit<Summary, 'elapsedSeconds' | 'recordsPerSecond'>;
}

async function replayWith(threads: string, format: string): Promise<Outcome> {
  const out = join(folder, `rows-${threads}.${format}`);
  const quarantine = join(folder, `quarantine-${threads}-${format}.ndjson`);
  const args = ['replay', input.logs, '--inventory', input.inventory, '--threads', threads, '--json'];
  const result = await runCli([...args, '--out', out, '--quarantine', quarantine, '-q']);
  expect(result.stderr).toBe('');
  expect(result.code).toBe(0);
  const { elapsedSeconds, recordsPerSecond, ...summary } = JSON.parse(result.stdout) as Summary;
  expect(elapsedSeconds).toBeGreaterThan(0);
  expect(recordsPerSecond).toBeGreaterThan(0);
  const outcome = { rows: digest(out), quarantine: digest(quarantine), summary };
  rmSync(out);
  return outcome;
}

describe(`a mixed input (seed ${SEED}) for --threads 0, 1, 2 and 4`, () => {
  it('is long enough to be split', () => {
    expect(statSync(join(input.logs, 'b.log')).size).toBeGreaterThan(2 * RANGE_BYTES);
  });

  it.each(FORMATS)('%s: the same bytes, quarantine and summary', { timeout: 300_000 }, async (format) => {
    const reference = await replayWith('0', format);
    const { ledger } = reference.summary;
    expect(ledger.lines).toBe(input.lines);
    expect(ledgerSum(ledger)).toBe(ledger.lines);
    expect(ledger.headers).toBe(5);
    for (const count of [ledger.blank, ledger.nodata, ledger.skipdata, ledger.classified])
      expect(count).toBeGreaterThan(0);
    const reasons = ['action', 'address', 'field-count', 'log-status', 'number', 'port', 'protocol'];
    expect(Object.keys(ledger.malformed).sort()).toEqual(reasons);
    // parts are put in order the same way for every format: the others need no more than threads at all
    for (const threads of format === 'ndjson' ? THREADS.slice(1) : ['2'])
      expect(await replayWith(threads, format), `--threads ${threads}`).toEqual(reference);
  });

  it('quarantine names file, line, reason and text of every malformed line', () => {
    const entries = readFileSync(join(folder, 'quarantine-2-ndjson.ndjson'), 'utf8').split('\n').slice(0, -1);
    const text = readFileSync(join(input.logs, 'b.log'), 'utf8').split('\n');
    const inLarge = entries
      .map((line) => JSON.parse(line) as { file: string; line: number; reason: string; text: string })
      .filter(({ file }) => file === join(input.logs, 'b.log'));
    expect(inLarge.length).toBeGreaterThan(100);
    for (const { line, text: quoted } of inLarge) expect(quoted).toBe(text[line - 1]);
  });
});

describe('standard input', () => {
  it.each(['plain', 'gzip'])('%s: the same rows as from the file', async (kind) => {
    const bytes = readFileSync(join(input.logs, 'deep', 'c.txt'));
    const common = ['--inventory', input.inventory, '--threads', '1', '-q', '--out', '-'];
    const fromFile = await runCli(['replay', join(input.logs, 'deep', 'c.txt'), ...common]);
    const stdin = kind === 'gzip' ? gzipSync(bytes) : bytes;
    const fromStdin = await runCli(['replay', '-', ...common], { stdin });
    expect(fromStdin).toEqual(fromFile);
    expect(fromStdin.code).toBe(0);
    expect(fromStdin.stdout.split('\n').length).toBeGreaterThan(1900);
  });
});
