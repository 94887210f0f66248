import { createReadStream, existsSync, readdirSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { replay } from '../engine/replay.ts';
import { compileInventory } from '../engine/versions.ts';
import { loadInventory } from '../inventory/load.ts';
import { FlowtrieError } from '../model/errors.ts';
import { renderSummary } from '../sink/summary.ts';
import { generateWorld } from '../synthetic/cluster.ts';
import { clearEarlierResult, holdsEarlierResult, madeFile } from '../synthetic/earlier-result.ts';
import { writeWorld } from '../synthetic/inventory-files.ts';
import { writeLogs } from '../synthetic/logs.ts';
import { defaultNodes, formatFields } from '../synthetic/options.ts';
import { DiagramPicker, type DrawnRow, drawEgress, drawIngress } from './diagram.ts';
import { ownCall, shellWord } from './own-call.ts';
import { hasColor } from './terminal.ts';

export interface DemoRequest {
  readonly records: number;
  readonly pods: number;
  readonly seed: number;
}

/** Share of records whose logged action contradicts the rules: what drift finds. */
const DRIFT = 0.002;
const REJECT = 0.04;
const HOURS = 1;
const FILES = 4;
const WIDTH = 100;

/** Generates a cluster, replays its logs, prints the summary and the two diagrams. */
export async function runDemo(folder: string, request: DemoRequest): Promise<void> {
  clear(folder);
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  say(`Generating ${request.pods} pods and ${request.records.toLocaleString('en-US')} flow log lines in ${folder}/ …`);
  const options = { seed: request.seed, nodes: defaultNodes(request.pods), pods: request.pods, hours: HOURS };
  const world = generateWorld(options);
  await writeWorld(world, folder);
  const log = {
    records: request.records,
    files: FILES,
    fields: formatFields('v5'),
    gzip: true,
    drift: DRIFT,
    reject: REJECT,
  };
  await writeLogs(world, folder, { ...log, truth: false });
  const inventoryFolder = join(folder, 'inventory');
  const rows = madeFile(folder, 'rows.ndjson');
  const call = ownCall(process.argv[1] ?? 'flowtrie', process.cwd());
  const [logsWord, inventoryWord, rowsWord] = [join(folder, 'logs'), inventoryFolder, rows].map(shellWord);
  say(`${call} replay ${logsWord} --inventory ${inventoryWord} --out ${rowsWord}\n`);
  const inventory = compileInventory(await loadInventory(inventoryFolder));
  const { summary } = await replay({
    inputs: [join(folder, 'logs')],
    inventory,
    threads: availableParallelism(),
    logFormat: null,
    out: { path: rows, format: 'ndjson' },
    quarantine: null,
  });
  const out = process.stdout;
  out.write(`${renderSummary(summary, { width: Math.min(out.columns ?? WIDTH, WIDTH), color: hasColor(out) })}\n\n`);
  out.write(`${await drawFlows(rows)}\n`);
  say(`\nEvery record with its verdict: ${rows}. Next: ${call} explain --inventory ${inventoryWord} --help`);
}

/** Only what an earlier demo wrote is replaced. */
function clear(folder: string): void {
  const isNew = !existsSync(folder) || (statSync(folder).isDirectory() && readdirSync(folder).length === 0);
  if (!isNew && !holdsEarlierResult(folder)) {
    throw new FlowtrieError('usage', `--out: ${folder} exists and is no earlier demo`);
  }
  clearEarlierResult(folder);
}

async function drawFlows(rows: string): Promise<string> {
  const picker = new DiagramPicker();
  const lines = createInterface({ input: createReadStream(rows), crlfDelay: Number.POSITIVE_INFINITY });
  for await (const line of lines) {
    picker.see(JSON.parse(line) as DrawnRow);
    if (picker.done) break;
  }
  lines.close();
  const { toBalancer, toPod, fromPod } = picker.flows();
  const drawn = [
    toBalancer === undefined || toPod === undefined ? null : drawIngress(toBalancer, toPod),
    fromPod === undefined ? null : drawEgress(fromPod),
  ];
  return drawn.filter((text) => text !== null).join('\n\n');
}
