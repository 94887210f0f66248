import { createHash } from 'node:crypto';
import { createReadStream, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { runCli } from '../cli.ts';

/** A generated cluster: its inventory, the lines of its flow log, and what `replay` makes of lines. */
export interface Lab {
  readonly folder: string;
  readonly inventory: string;
  /** Records of the default format, without headers. */
  readonly lines: readonly string[];
  /** Sorted rows that `replay` writes for these lines; `pair`: paired (default: not). */
  replayRows(lines: readonly string[], inventory?: string, pair?: boolean): Promise<string[]>;
  /** Digests of the same rows, sorted: a soak has more of them than one text can hold. */
  replayDigests(lines: readonly string[], inventory?: string, shape?: (row: string) => string): Promise<string[]>;
  close(): void;
}

export async function openLab(records: number): Promise<Lab> {
  const folder = mkdtempSync(join(tmpdir(), 'flowtrie-lab-'));
  const options = ['--pods', '60', '--records', String(records), '--no-gzip', '--files', '2', '--seed', '11'];
  const { code, stderr } = await runCli(['generate', '--out', folder, ...options]);
  if (code !== 0) throw new Error(stderr);
  const logs = join(folder, 'logs');
  const texts = readdirSync(logs).map((name) => readFileSync(join(logs, name), 'utf8'));
  const inventory = join(folder, 'inventory');
  const replayed = async (lines: readonly string[], judgedBy: string, pair: boolean): Promise<string> => {
    const [input, out] = [join(folder, 'input.log'), join(folder, 'rows.ndjson')];
    writeFileSync(input, `${lines.join('\n')}\n`);
    const run = await runCli([
      'replay',
      input,
      '--inventory',
      judgedBy,
      '--out',
      out,
      pair ? '--pair' : '--no-pair',
      '-q',
    ]);
    if (run.code !== 0) throw new Error(run.stderr);
    return out;
  };
  return {
    folder,
    inventory,
    lines: texts.flatMap((text) => text.split('\n').slice(1, -1)),
    async replayRows(lines, judgedBy = inventory, pair = false) {
      return sortedLines(readFileSync(await replayed(lines, judgedBy, pair), 'utf8'));
    },
    async replayDigests(lines, judgedBy = inventory, shape = (row) => row) {
      const digests: string[] = [];
      const rows = createInterface({ input: createReadStream(await replayed(lines, judgedBy, false)) });
      for await (const row of rows) digests.push(digestOf(shape(row)));
      return digests.sort();
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Stands for a row where there are too many to keep. */
export function digestOf(row: string): string {
  return createHash('sha1').update(row).digest('base64');
}

export function sortedLines(text: string): string[] {
  return text.split('\n').slice(0, -1).sort();
}

/** Lines packed `count` a message, spread over the partitions in turn. */
export function packed(
  lines: readonly string[],
  count: number,
  partitions: number,
): { readonly partition: number; readonly value: string }[] {
  const messages: { partition: number; value: string }[] = [];
  for (let from = 0; from < lines.length; from += count) {
    messages.push({ partition: messages.length % partitions, value: lines.slice(from, from + count).join('\n') });
  }
  return messages;
}
