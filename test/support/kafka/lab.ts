import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCli } from '../cli.ts';

/** A generated cluster: its inventory, the lines of its flow log, and what `replay` makes of lines. */
export interface Lab {
  readonly folder: string;
  readonly inventory: string;
  /** Records of the default format, without headers. */
  readonly lines: readonly string[];
  /** Sorted rows that `replay` writes for these lines. */
  replayRows(lines: readonly string[], inventory?: string): Promise<string[]>;
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
  return {
    folder,
    inventory,
    lines: texts.flatMap((text) => text.split('\n').slice(1, -1)),
    async replayRows(lines, judgedBy = inventory) {
      const [input, out] = [join(folder, 'input.log'), join(folder, 'rows.ndjson')];
      writeFileSync(input, `${lines.join('\n')}\n`);
      const replayed = await runCli(['replay', input, '--inventory', judgedBy, '--out', out, '--no-pair', '-q']);
      if (replayed.code !== 0) throw new Error(replayed.stderr);
      return sortedLines(readFileSync(out, 'utf8'));
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
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
