import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { replay } from '../../src/engine/replay.ts';
import { compileInventory } from '../../src/engine/versions.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import type { OutputFormat } from '../../src/sink/part.ts';
import type { ReadyJob, Turn } from '../measurement.ts';

/** What a question to the rows mostly needs. */
export const FEW_COLUMNS: readonly string[] = [
  ...[
    'start',
    'src_addr',
    'dst_addr',
    'dstport',
    'protocol',
    'bytes',
    'src_workload',
    'dst_workload',
    'action',
    'drift',
  ],
];

/**
 * flowtrie: decode, classify in all layers, attribute, count, and with `format` write rows; the inventory is compiled
 * before.
 */
export async function readyReplay(
  turn: Turn,
  format: OutputFormat | null = null,
  pair = false,
  columns: readonly string[] | null = null,
): Promise<ReadyJob> {
  const inventory = compileInventory(await loadInventory(turn.inventory));
  return {
    async run() {
      const { files, threads } = turn;
      const folder = format === null ? null : mkdtempSync(join(tmpdir(), 'flowtrie-bench-out-'));
      const { summary, failures } = await replay({
        inputs: files,
        inventory,
        pair,
        threads,
        logFormat: null,
        out: folder === null || format === null ? null : { path: join(folder, 'rows'), format, columns },
        quarantine: null,
      });
      if (folder !== null) rmSync(folder, { recursive: true, force: true });
      if (failures.length > 0) throw new Error(failures.join('; '));
      const { observed, ledger, top } = summary;
      const sum = (row: Readonly<Record<string, number>>): number => Object.values(row).reduce((a, b) => a + b, 0);
      return {
        // a Parquet file has no header
        ...(files.some((file) => file.endsWith('.parquet')) ? {} : { lines: ledger.lines }),
        records: ledger.classified,
        bytes: top.paths.reduce((total, path) => total + path.bytes, 0),
        accept: sum(observed.ACCEPT),
        reject: sum(observed.REJECT),
      };
    },
  };
}
