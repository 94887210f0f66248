import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Findings, findingsText, medians } from '../bench/findings.ts';
import { countLines, type LogFile, splitLines } from '../bench/log-rivals.ts';
import { type Reader, ratioOf, readInTurns } from '../bench/measure.ts';
import { decodeInputs } from '../engine/decode-inputs.ts';
import { openInputs } from '../engine/opened-inputs.ts';
import { replay } from '../engine/replay.ts';
import { compileInventory } from '../engine/versions.ts';
import { loadInventory } from '../inventory/load.ts';
import { FlowtrieError } from '../model/errors.ts';
import { openDestination } from '../sink/destination.ts';

export interface BenchLogsFlags {
  readonly inventory?: string;
  readonly threads?: number;
  readonly pair?: boolean;
  readonly rounds: number;
  readonly json?: boolean;
}

/** What is measured when no file is named. */
const GENERATED = { seed: 42, pods: 1000, records: 500_000, files: 4 } as const;

interface Logs {
  readonly inputs: readonly string[];
  readonly inventory: string | undefined;
}

/** `flowtrie bench replay`: the whole pipeline over the user's files, beside reading and inflating alone. */
export function benchReplay(inputs: readonly string[], flags: BenchLogsFlags): Promise<void> {
  return withLogs(inputs, flags, async (logs) => {
    if (logs.inventory === undefined) throw new FlowtrieError('usage', 'bench replay: missing --inventory');
    const inventory = compileInventory(await loadInventory(logs.inventory));
    const { threads = 0, pair = false } = flags;
    const run = async (): Promise<number> => {
      const options = { inputs: logs.inputs, inventory, threads, pair, logFormat: null, out: null, quarantine: null };
      const { summary, failures } = await replay(options);
      if (failures.length > 0) throw new FlowtrieError('input', failures.join('; '));
      return summary.ledger.lines;
    };
    return { title: 'replay', subject: { name: 'flowtrie replay', run }, rivals: await inflateOnly(logs.inputs) };
  });
}

/** `flowtrie bench decode`: bytes to columns, beside reading and inflating alone and readline + split. */
export function benchDecode(inputs: readonly string[], flags: BenchLogsFlags): Promise<void> {
  return withLogs(inputs, flags, async (logs) => {
    const run = async (): Promise<number> => (await decodeInputs(logs.inputs, null)).lines;
    const text = await textFiles(logs.inputs);
    const split = { name: 'readline + split', run: () => splitLines(text ?? []) };
    const rivals = [...(await inflateOnly(logs.inputs)), ...(text === null ? [] : [split])];
    return { title: 'decode', subject: { name: 'flowtrie decode', run }, rivals };
  });
}

interface Contest {
  readonly title: string;
  readonly subject: Reader;
  readonly rivals: readonly Reader[];
}

async function withLogs(
  inputs: readonly string[],
  flags: BenchLogsFlags,
  contest: (logs: Logs) => Promise<Contest>,
): Promise<void> {
  if (inputs.includes('-')) throw new FlowtrieError('usage', 'bench: files are read several times, expected no -');
  const folder = inputs.length > 0 ? null : mkdtempSync(join(tmpdir(), 'flowtrie-bench-'));
  try {
    const logs = folder === null ? { inputs, inventory: flags.inventory } : await generate(folder);
    const { title, subject, rivals } = await contest(logs);
    const rates = await readInTurns([subject, ...rivals], flags.rounds);
    const lines = await subject.run();
    const what = folder === null ? inputs.join(' ') : 'generated logs';
    const ratios = rivals.map((rival) => ratioOf(rates, subject.name, rival.name));
    const facts = { lines, rounds: flags.rounds, threads: flags.threads ?? 0 };
    await print({ title: `${title}: ${what}, lines a second`, facts, rates: medians(rates), ratios }, flags);
  } finally {
    if (folder !== null) rmSync(folder, { recursive: true, force: true });
  }
}

async function print(found: Findings, { json }: BenchLogsFlags): Promise<void> {
  const out = await openDestination('-');
  await out.write(Buffer.from(json === true ? `${JSON.stringify({ findings: [found] })}\n` : findingsText(found)));
  await out.commit();
}

/** The rival that any text can be held against; nothing for other kinds of files. */
async function inflateOnly(inputs: readonly string[]): Promise<readonly Reader[]> {
  const files = await textFiles(inputs);
  if (files === null) return [];
  const name = files.some(({ gzip }) => gzip) ? 'node:zlib, lines counted' : 'lines counted';
  return [{ name, run: () => countLines(files) }];
}

/** The files where all are lines of text, plain or gzip; else null. */
async function textFiles(inputs: readonly string[]): Promise<readonly LogFile[] | null> {
  const { files } = await openInputs(inputs, null, false, { since: null, until: null });
  const isText = files.every(
    ({ kind, object, opening }) =>
      object === null && opening.content === 'lines' && (kind === 'plain' || kind === 'gzip'),
  );
  if (!isText) return null;
  return files.map(({ path, kind }) => ({ path, gzip: kind === 'gzip' }));
}

async function generate(folder: string): Promise<Logs> {
  const { generateWorld } = await import('../synthetic/cluster.ts');
  const { writeWorld } = await import('../synthetic/inventory-files.ts');
  const { writeLogs } = await import('../synthetic/logs.ts');
  const { defaultNodes, formatFields } = await import('../synthetic/options.ts');
  const { seed, pods, records, files } = GENERATED;
  const world = generateWorld({ seed, pods, nodes: defaultNodes(pods), hours: 1 });
  await writeWorld(world, folder);
  const fields = formatFields('v2');
  await writeLogs(world, folder, { records, files, fields, gzip: true, drift: 0.001, reject: 0.02, truth: false });
  return { inputs: [join(folder, 'logs')], inventory: join(folder, 'inventory') };
}
