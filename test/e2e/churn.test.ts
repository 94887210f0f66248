import { createReadStream, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { replay } from '../../src/engine/replay.ts';
import { compileInventory } from '../../src/engine/versions.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import { generateWorld } from '../../src/synthetic/cluster.ts';
import { writeWorld } from '../../src/synthetic/inventory-files.ts';
import { writeLogs } from '../../src/synthetic/logs.ts';
import { formatFields } from '../../src/synthetic/options.ts';
import { type HistoryKind, historyKinds } from '../../src/synthetic/pod-histories.ts';

/**
 * Records of each run; FLOWTRIE_CHURN_RECORDS=1000000 FLOWTRIE_CHURN_SEEDS=10 gives the mixed one ten million, also in
 * parts: FLOWTRIE_CHURN_FIRST is the first seed.
 */
const RECORDS = Number(process.env.FLOWTRIE_CHURN_RECORDS ?? 2_400);
const FIRST = Number(process.env.FLOWTRIE_CHURN_FIRST ?? 1);
const SEEDS = Number(process.env.FLOWTRIE_CHURN_SEEDS ?? 1);
const PODS = RECORDS > 100_000 ? 300 : 16;
const HOURS = RECORDS > 100_000 ? 0.5 : 1 / 12;
const CLUSTERS = 3;
const root = mkdtempSync(join(tmpdir(), 'flowtrie-churn-'));

afterAll(() => rmSync(root, { recursive: true, force: true }));

type Row = Readonly<Record<string, string | number | null | readonly string[]>>;

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

async function generate(seed: number, histories: readonly (readonly HistoryKind[])[]): Promise<void> {
  for (let cluster = 0; cluster < CLUSTERS; cluster++) {
    const raw = join(root, `raw-${seed}-${cluster}`);
    const world = generateWorld({
      seed: seed * 100 + cluster,
      nodes: PODS > 100 ? 8 : 4,
      pods: PODS,
      hours: HOURS,
      lifeSeconds: 60,
    });
    const log = { records: Math.round(RECORDS / CLUSTERS), files: 1, fields: formatFields('v5'), gzip: false };
    await writeLogs(world, raw, { ...log, drift: 0, reject: 0.02, truth: true });
    moveFiles(join(raw, 'logs'), join(root, `${seed}`, 'logs'), cluster);
    writeFileSync(
      join(root, `${seed}`, `truth-${cluster}.csv`),
      moved(readFileSync(join(raw, 'truth.csv'), 'utf8'), cluster),
    );
    for (const kinds of histories) {
      await writeWorld(world, join(raw, kinds.join('+')), kinds);
      moveFiles(join(raw, kinds.join('+'), 'inventory'), join(root, `${seed}`, kinds.join('+')), cluster);
    }
    rmSync(raw, { recursive: true, force: true });
  }
}

async function* lines(file: string): AsyncGenerator<string> {
  for await (const line of createInterface({ input: createReadStream(file) })) yield line;
}

async function* truths(seed: number): AsyncGenerator<{ row: Row; cluster: number }> {
  for (let cluster = 0; cluster < CLUSTERS; cluster++) {
    let header: string[] | undefined;
    for await (const text of lines(join(root, `${seed}`, `truth-${cluster}.csv`))) {
      const cells = text.split(',');
      if (header === undefined) header = cells;
      else {
        const row: Row = Object.fromEntries(cells.map((value, i) => [header?.[i] ?? '', value]));
        if (row.status === 'ok') yield { row, cluster };
      }
    }
  }
}

interface Findings {
  /** Sides that are a pod in truth, by what was said of them. */
  readonly said: Record<string, number>;
  sides: number;
  /** Candidates that contain the truth. */
  contained: number;
  readonly wrong: string[];
}

function compareSide(side: 'src' | 'dst', row: Row, truth: Row, cluster: number, found: Findings): void {
  const real = truth[`${side}_pod`];
  const pod = row[`${side}_pod`] === null ? '' : `${row[`${side}_namespace`]}/${row[`${side}_pod`]}`;
  // the same workloads run in every cluster: the node tells which one it is
  const node = String(row[`${side}_node`] ?? `ip-10-${42 + cluster}-`);
  const isElsewhere = pod !== '' && !node.startsWith(`ip-10-${42 + cluster}-`);
  if (pod !== '' && (pod !== real || isElsewhere)) {
    found.wrong.push(`${side}: said ${pod} on ${row[`${side}_node`]}, is '${real}': ${JSON.stringify(row)}`);
  }
  if (real === '') return;
  const said = String(row[`${side}_attribution`]);
  found.sides++;
  found.said[said] = (found.said[said] ?? 0) + 1;
  const candidates = row[`${side}_candidates`];
  if (Array.isArray(candidates) && candidates.includes(real)) found.contained++;
}

async function findingsOf(seed: number, kinds: readonly HistoryKind[], found: Findings): Promise<number> {
  const folder = join(root, `${seed}`);
  const inventory = compileInventory(await loadInventory(join(folder, kinds.join('+'))));
  const out = { path: join(folder, 'rows.ndjson'), format: 'ndjson' as const };
  const common = { inventory, threads: 0, logFormat: null, quarantine: null };
  const { summary } = await replay({ ...common, inputs: [join(folder, 'logs')], out });
  const rows = lines(out.path);
  let count = 0;
  for await (const { row: truth, cluster } of truths(seed)) {
    const line = await rows.next();
    const row = JSON.parse(String(line.value)) as Row;
    compareSide('src', row, truth, cluster, found);
    compareSide('dst', row, truth, cluster, found);
    count++;
  }
  rmSync(out.path);
  expect(count).toBe(summary.ledger.classified);
  return count;
}

const ALONE = ['csv', 'audit', 'watch', 'metrics', 'lists', 'ipamd'].map((kind) => historyKinds(kind));
const MIXED = historyKinds('audit,metrics,lists,ipamd');

describe('pods replaced every minute, addresses used again after 30 s, three clusters in 100.64.0.0/10', () => {
  beforeAll(async () => {
    for (let seed = FIRST; seed < FIRST + SEEDS; seed++)
      await generate(seed, seed === FIRST ? [...ALONE, MIXED] : [MIXED]);
  }, 3_600_000);

  const runs = [...ALONE, MIXED].map((kinds) => [kinds.join('+'), kinds] as const);
  test.each(runs)('%s: no wrong owner', { timeout: 3_600_000 }, async (name, kinds) => {
    const found: Findings = { said: {}, sides: 0, contained: 0, wrong: [] };
    let records = 0;
    const seeds = kinds === MIXED ? SEEDS : 1;
    for (let seed = FIRST; seed < FIRST + seeds; seed++) records += await findingsOf(seed, kinds, found);
    const shares = ['exact', 'inferred', 'candidates', 'none'].map((word) => {
      return `${word} ${((100 * (found.said[word] ?? 0)) / found.sides).toFixed(1)} %`;
    });
    process.stdout.write(`${name}: ${records} records, pod sides ${shares.join(', ')}\n`);
    expect(found.wrong.slice(0, 3)).toEqual([]);
    expect((found.said.exact ?? 0) + (found.said.inferred ?? 0)).toBeGreaterThan(0.3 * found.sides);
  });
});
