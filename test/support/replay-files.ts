import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseLogFormat } from '../../src/decode/format.ts';
import { replay } from '../../src/engine/replay.ts';
import { type CompiledInventory, compileInventory } from '../../src/engine/versions.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import { type Ledger, ledgerSum } from '../../src/model/ledger.ts';
import type { EngineRow } from './engine-rows.ts';

/** A small inventory: what is read does not depend on it. */
const FIXTURE = fileURLToPath(new URL('../conformance/inventories/aws-fixture', import.meta.url));
let loaded: Promise<CompiledInventory> | undefined;

export interface Replayed {
  readonly ledger: Ledger;
  readonly rows: readonly EngineRow[];
  readonly failures: readonly string[];
  /** `line reason` of each malformed line. */
  readonly malformed: readonly string[];
  /** Their texts. */
  readonly quarantined: readonly string[];
}

/** Replays inputs (paths) in the calling thread; asserts the ledger law. Without `wantsRows` none are made. */
export async function replayInputs(
  inputs: readonly string[],
  logFormat: string | null = null,
  wantsRows = true,
): Promise<Replayed> {
  const folder = mkdtempSync(join(tmpdir(), 'flowtrie-replayed-'));
  try {
    loaded ??= loadInventory(FIXTURE).then(compileInventory);
    const [path, quarantine] = [join(folder, 'rows.ndjson'), join(folder, 'quarantine.ndjson')];
    const { summary, failures } = await replay({
      inputs,
      inventory: await loaded,
      threads: 0,
      logFormat: logFormat === null ? null : parseLogFormat(logFormat),
      out: wantsRows ? { path, format: 'ndjson' } : null,
      quarantine,
    });
    const { ledger } = summary;
    if (ledgerSum(ledger) !== ledger.lines) throw new Error(`ledger law broken: ${JSON.stringify(ledger)}`);
    const rows = (wantsRows ? linesOf(path) : []).map((line) => JSON.parse(line) as EngineRow);
    const entries = linesOf(quarantine).map(
      (line) => JSON.parse(line) as { readonly line: number; readonly reason: string; readonly text: string },
    );
    const malformed = entries.map(({ line, reason }) => `${line} ${reason}`);
    return { ledger, rows, failures, malformed, quarantined: entries.map(({ text }) => text) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Replays one input of these bytes. */
export async function replayBytes(bytes: Uint8Array | string, logFormat: string | null = null): Promise<Replayed> {
  const folder = mkdtempSync(join(tmpdir(), 'flowtrie-input-'));
  try {
    const path = join(folder, 'input');
    writeFileSync(path, bytes);
    return await replayInputs([path], logFormat);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function linesOf(path: string): string[] {
  return readFileSync(path, 'utf8').split('\n').slice(0, -1);
}
