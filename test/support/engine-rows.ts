import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ReplayOptions, replay } from '../../src/engine/replay.ts';
import type { CompiledInventory } from '../../src/engine/versions.ts';
import type { Summary } from '../../src/model/summary.ts';
import type { OracleRecord, OracleSide } from '../oracle/oracle.ts';

/** One row of the engine's NDJSON. */
export type EngineRow = Readonly<Record<string, string | number | null | readonly string[]>>;

/** A log of one header and the given records; absent fields are `-`. */
export function logOf(fields: readonly string[], records: readonly OracleRecord[]): string {
  const lines = records.map((record) => fields.map((name) => record[name] ?? '-').join(' '));
  return `${[fields.join(' '), ...lines].join('\n')}\n`;
}

/** Rows of one log text through the whole engine, in the calling thread, with the summary of the run. */
export async function replayText(
  inventory: CompiledInventory,
  text: string,
  more: Partial<Pick<ReplayOptions, 'filter' | 'pair' | 'twinsBytes' | 'threads'>> = {},
): Promise<{ readonly rows: readonly EngineRow[]; readonly summary: Summary }> {
  const folder = mkdtempSync(join(tmpdir(), 'flowtrie-rows-'));
  try {
    const input = join(folder, 'input.log');
    const path = join(folder, 'rows.ndjson');
    writeFileSync(input, text);
    const { summary } = await replay({
      inputs: [input],
      inventory,
      threads: 0,
      logFormat: null,
      out: { path, format: 'ndjson' },
      quarantine: null,
      ...more,
    });
    const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
    return { rows: lines.map((line) => JSON.parse(line) as EngineRow), summary };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The columns of one side as the oracle would print them. */
export function sideColumns(name: 'src' | 'dst', side: OracleSide): EngineRow {
  return {
    [`${name}_addr`]: side.addr,
    [`${name}_kind`]: side.kind,
    [`${name}_namespace`]: side.namespace,
    [`${name}_pod`]: side.pod,
    [`${name}_attribution`]: side.attribution,
    [`${name}_candidates`]: side.attribution === 'candidates' ? side.candidates : null,
  };
}
