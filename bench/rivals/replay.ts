import { replay } from '../../src/engine/replay.ts';
import { compileInventory } from '../../src/engine/versions.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import type { ReadyJob, Turn } from '../measurement.ts';

/** flowtrie, summary only: decode, classify in all layers, attribute, count; the inventory is compiled before. */
export async function readyReplay(turn: Turn): Promise<ReadyJob> {
  const inventory = compileInventory(await loadInventory(turn.inventory));
  return {
    async run() {
      const { files, threads } = turn;
      const { summary, failures } = await replay({
        inputs: files,
        inventory,
        threads,
        logFormat: null,
        out: null,
        quarantine: null,
      });
      if (failures.length > 0) throw new Error(failures.join('; '));
      const { observed, ledger, top } = summary;
      const sum = (row: Readonly<Record<string, number>>): number => Object.values(row).reduce((a, b) => a + b, 0);
      return {
        lines: ledger.lines,
        records: ledger.classified,
        bytes: top.paths.reduce((total, path) => total + path.bytes, 0),
        accept: sum(observed.ACCEPT),
        reject: sum(observed.REJECT),
      };
    },
  };
}
