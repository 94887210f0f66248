import { createReadStream, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { replay } from '../../src/engine/replay.ts';
import { compileInventory } from '../../src/engine/versions.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import { generateWorld } from '../../src/synthetic/cluster.ts';
import { writeWorld } from '../../src/synthetic/inventory-files.ts';
import { writeLogs } from '../../src/synthetic/logs.ts';
import { formatFields } from '../../src/synthetic/options.ts';
import { type HistoryKind, historyKinds } from '../../src/synthetic/pod-histories.ts';

const CLUSTERS = 3;
/** Records of one world from which on it is the large one: 900 pods at a time over half an hour. */
const LARGE_RECORDS = 100_000;

/** Histories that are tried: every source alone, all together, and all that do not simply print the truth. */
const SOURCES = ['csv', 'audit', 'watch', 'metrics', 'lists', 'ipamd'] as const;
export const HISTORIES: ReadonlyMap<string, readonly HistoryKind[]> = new Map([
  ...SOURCES.map((name) => [name, historyKinds(name)] as const),
  ['all', historyKinds(SOURCES.join())],
  ['all but csv and watch', historyKinds('audit,metrics,lists,ipamd')],
]);

/** What was said of the sides of records that are a pod in truth. */
export interface Findings {
  records: number;
  sides: number;
  /** Sides by attribution. */
  readonly said: Record<'exact' | 'inferred' | 'candidates' | 'none', number>;
  /** Candidates that contain the truth. */
  contained: number;
  /** Owners that are another pod than the truth, or a pod where there is none. */
  wrong: number;
  /** The first few of them, in words. */
  readonly examples: string[];
}

const EXAMPLES_MAX = 3;

/** Columns that are compared: a row has some sixty. */
const SIDE_COLUMNS = ['namespace', 'pod', 'node', 'attribution', 'candidates'];
const COLUMNS = ['src', 'dst'].flatMap((side) => SIDE_COLUMNS.map((column) => `${side}_${column}`));

type Row = Readonly<Record<string, string | null | readonly string[]>>;

/** Nothing found yet, for each history. */
export function newFindings(): ReadonlyMap<string, Findings> {
  return new Map([...HISTORIES.keys()].map((name) => [name, nothing()]));
}

/**
 * Pods replaced every minute, addresses used again after 30 s, three clusters with pods in the same 100.64.0.0/10:
 * `records` of one world classified with every history and compared with the generator's truth, added to `found`.
 */
export async function addWorld(
  root: string,
  seed: number,
  records: number,
  found: ReadonlyMap<string, Findings>,
  tell: (text: string) => void,
): Promise<void> {
  const folder = join(root, `${seed}`);
  await generate(folder, seed, records);
  for (const [name, findings] of found) {
    await compareWorld(folder, name, findings);
    tell(`seed ${seed}, ${name}: ${sharesOf(findings)}`);
  }
  rmSync(folder, { recursive: true });
}

function nothing(): Findings {
  return {
    ...{ records: 0, sides: 0, contained: 0, wrong: 0 },
    said: { exact: 0, inferred: 0, candidates: 0, none: 0 },
    examples: [],
  };
}

export function sharesOf({ records, sides, said, wrong }: Findings): string {
  const shares = Object.entries(said).map(([word, count]) => `${word} ${((100 * count) / sides).toFixed(1)} %`);
  return `${records} records, ${wrong} wrong; pod sides ${shares.join(', ')}`;
}

/** Each cluster has a VPC, node names and a /16 of its own; all share 100.64.0.0/10 for their pods. */
function moved(text: string, cluster: number): string {
  return text.replaceAll('10.42.', `10.${42 + cluster}.`).replaceAll('ip-10-42-', `ip-10-${42 + cluster}-`);
}

function moveFiles(from: string, to: string, cluster: number): void {
  for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const target = join(to, path.slice(from.length + 1).replace(/([^/]+)$/, `c${cluster}/$1`));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, moved(readFileSync(path, 'utf8'), cluster));
  }
}

async function generate(folder: string, seed: number, records: number): Promise<void> {
  const isLarge = records > LARGE_RECORDS;
  for (let cluster = 0; cluster < CLUSTERS; cluster++) {
    const raw = join(folder, `raw-${cluster}`);
    const world = generateWorld({
      seed: seed * 100 + cluster,
      nodes: isLarge ? 8 : 4,
      pods: isLarge ? 300 : 16,
      hours: isLarge ? 0.5 : 1 / 12,
      lifeSeconds: 60,
    });
    const log = { records: Math.ceil(records / CLUSTERS), files: 1, fields: formatFields('v5'), gzip: false };
    await writeLogs(world, raw, { ...log, drift: 0, reject: 0.02, truth: true });
    moveFiles(join(raw, 'logs'), join(folder, 'logs'), cluster);
    writeFileSync(join(folder, `truth-${cluster}.csv`), moved(readFileSync(join(raw, 'truth.csv'), 'utf8'), cluster));
    for (const [name, kinds] of HISTORIES) {
      await writeWorld(world, join(raw, name), kinds);
      moveFiles(join(raw, name, 'inventory'), join(folder, name), cluster);
    }
    rmSync(raw, { recursive: true });
  }
}

async function* linesOf(file: string): AsyncGenerator<string> {
  for await (const line of createInterface({ input: createReadStream(file) })) yield line;
}

interface Truth {
  readonly src: string;
  readonly dst: string;
  readonly cluster: number;
}

/** True pods (`namespace/name`, empty = none) of the records that are classified, in their order. */
async function* truthsOf(folder: string): AsyncGenerator<Truth> {
  for (let cluster = 0; cluster < CLUSTERS; cluster++) {
    let places: { readonly status: number; readonly src: number; readonly dst: number } | undefined;
    for await (const text of linesOf(join(folder, `truth-${cluster}.csv`))) {
      const cells = text.split(',');
      if (places === undefined) {
        const [status, src, dst] = ['status', 'src_pod', 'dst_pod'].map((name) => cells.indexOf(name));
        if (status === undefined || src === undefined || dst === undefined || Math.min(status, src, dst) < 0)
          throw new Error(`truth without status, src_pod or dst_pod: ${text}`);
        places = { status, src, dst };
      } else if (cells[places.status] === 'ok')
        yield { src: cells[places.src] ?? '', dst: cells[places.dst] ?? '', cluster };
    }
  }
}

async function compareWorld(folder: string, history: string, found: Findings): Promise<void> {
  const inventory = compileInventory(await loadInventory(join(folder, history)));
  const out = { path: join(folder, 'rows.ndjson'), format: 'ndjson' as const, columns: COLUMNS };
  const common = { inventory, threads: 0, logFormat: null, quarantine: null };
  const { summary } = await replay({ ...common, inputs: [join(folder, 'logs')], out });
  const rows = linesOf(out.path);
  let count = 0;
  for await (const truth of truthsOf(folder)) {
    const line = await rows.next();
    if (line.done === true) break;
    const row = JSON.parse(line.value) as Row;
    compareSide('src', row, truth, found);
    compareSide('dst', row, truth, found);
    count++;
  }
  const isMore = (await rows.next()).done !== true;
  rmSync(out.path);
  if (isMore || count !== summary.ledger.classified) throw new Error(`${count} of ${summary.ledger.classified} rows`);
  found.records += count;
}

function compareSide(side: 'src' | 'dst', row: Row, truth: Truth, found: Findings): void {
  const real = truth[side];
  const pod = row[`${side}_pod`] === null ? '' : `${row[`${side}_namespace`]}/${row[`${side}_pod`]}`;
  // the same workloads run in every cluster: the node tells which one it is
  const own = `ip-10-${42 + truth.cluster}-`;
  const node = String(row[`${side}_node`] ?? own);
  if (pod !== '' && (pod !== real || !node.startsWith(own))) {
    found.wrong++;
    if (found.examples.length < EXAMPLES_MAX)
      found.examples.push(`${side}: said ${pod} on ${node}, is '${real}': ${JSON.stringify(row)}`);
  }
  if (real === '') return;
  found.sides++;
  const said = String(row[`${side}_attribution`]);
  if (!(said in found.said)) throw new Error(`attribution '${said}'`);
  found.said[said as keyof Findings['said']]++;
  const candidates = row[`${side}_candidates`];
  if (Array.isArray(candidates) && candidates.includes(real)) found.contained++;
}
