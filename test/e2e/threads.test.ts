import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
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

/** Compressed bytes from which on a file that is most of the input is inflated apart from its records' judges. */
const LARGE_BYTES = 4 * 1024 * 1024;

describe('one gzip file that is most of the input', () => {
  interface Run {
    readonly rows: string;
    readonly quarantine: readonly string[];
    readonly ledger: Summary['ledger'];
    readonly input: Summary['input'];
    readonly stderr: string;
    readonly code: number | null;
  }

  async function replayed(path: string, threads: string): Promise<Run> {
    const out = join(folder, 'large.ndjson');
    const quarantine = join(folder, 'large-quarantine.ndjson');
    const args = ['replay', path, '--inventory', input.inventory, '--threads', threads, '--json', '-q'];
    const { stdout, stderr, code } = await runCli([...args, '--out', out, '--quarantine', quarantine]);
    const summary = JSON.parse(stdout) as Summary;
    const lines = readFileSync(quarantine, 'utf8').split('\n').slice(0, -1);
    return {
      rows: digest(out),
      quarantine: lines.map((line) => JSON.stringify({ ...(JSON.parse(line) as object), file: '' })),
      ledger: summary.ledger,
      input: summary.input,
      stderr: stderr.replaceAll(path, 'FILE'),
      code,
    };
  }

  const large = (): { readonly plain: string; readonly gzip: string } => {
    const plain = join(input.logs, 'b.log');
    return { plain, gzip: join(folder, 'large.log.gz') };
  };

  it('gives the rows and the quarantine of the plain file, for any number of threads', {
    timeout: 300_000,
  }, async () => {
    const { plain, gzip } = large();
    const bytes = gzipSync(readFileSync(plain), { level: 1 });
    expect(bytes.length).toBeGreaterThan(LARGE_BYTES);
    writeFileSync(gzip, bytes);
    const reference = await replayed(plain, '2');
    expect(reference.input.bytes).toBe(statSync(plain).size);
    expect(reference.quarantine.length).toBeGreaterThan(100);
    for (const threads of ['0', '2']) {
      const expected = { ...reference, input: { ...reference.input, bytes: bytes.length } };
      expect(await replayed(gzip, threads), `--threads ${threads}`).toEqual(expected);
    }
  });

  it('loses nothing that stands before a cut', { timeout: 300_000 }, async () => {
    const { gzip } = large();
    const cut = join(folder, 'cut.log.gz');
    writeFileSync(cut, readFileSync(gzip).subarray(0, LARGE_BYTES + 77_777));
    const reference = await replayed(cut, '0');
    expect(reference.code).toBe(3);
    expect(reference.stderr).toContain('FILE: damaged gzip: unexpected end of file');
    expect(reference.ledger.malformed).toMatchObject({ truncated: 1 });
    expect(ledgerSum(reference.ledger)).toBe(reference.ledger.lines);
    expect(await replayed(cut, '2')).toEqual(reference);
    // most of the input is another file now: a worker inflates this one
    const both = await runCli(['replay', cut, large().plain, '--inventory', input.inventory, '--json', '-q']);
    const { ledger } = JSON.parse(both.stdout) as Summary;
    const alone = await replayed(large().plain, '2');
    expect(ledger.lines).toBe(reference.ledger.lines + alone.ledger.lines);
    expect(ledger.classified).toBe(reference.ledger.classified + alone.ledger.classified);
    expect(both.stderr.replaceAll(cut, 'FILE')).toBe(reference.stderr);
  });
});
