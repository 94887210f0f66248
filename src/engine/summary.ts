import { podIdentity } from '../inventory/inventory.ts';
import { OBSERVED, PREDICTED, type RuleSummary, type Summary } from '../model/summary.ts';
import { ATTRIBUTION, DRIFT, DRIFT_CAUSE, KIND, type Layer, PATH, ROLE_BASIS, VERDICT } from '../model/verdict.ts';
import type { Taken } from './top.ts';
import { LABEL_SEPARATOR, type RuleTotals, type Totals } from './totals.ts';
import type { CompiledInventory } from './versions.ts';

/** Rows of each top list. */
const TOP_ROWS = 20;

/** The summary of a run; lists are ordered by weight, ties by name, so equal counters give equal bytes. */
export function summaryOf(
  totals: Totals,
  inventory: CompiledInventory,
  input: { readonly files: number; readonly bytes: number },
  elapsedSeconds: number,
): Summary {
  const newest = inventory.versions.at(-1);
  const records = totals.ledger.classified + totals.ledger.notJudged;
  return {
    input: { ...input, lines: totals.ledger.lines },
    ledger: totals.ledger,
    predicted: pick(PREDICTED, (word) => totals.predicted[VERDICT.indexOf(word)] ?? 0),
    observed: pick(OBSERVED, (word) =>
      pick(PREDICTED, (verdict) => {
        const action = word === 'none' ? 0 : word === 'ACCEPT' ? 1 : 2;
        return totals.observed[action * VERDICT.length + VERDICT.indexOf(verdict)] ?? 0;
      }),
    ),
    drift: { ...pick(DRIFT, (word) => totals.drift[DRIFT.indexOf(word)] ?? 0), causes: causesOf(totals) },
    roleBasis: pick(ROLE_BASIS, (word) => totals.roleBasis[ROLE_BASIS.indexOf(word)] ?? 0),
    agreeOnPolicy: totals.agreeOnPolicy,
    attribution: pick(ATTRIBUTION, (word) => totals.attribution[ATTRIBUTION.indexOf(word)] ?? 0),
    kinds: pick(KIND, (word) => totals.kinds[KIND.indexOf(word)] ?? 0),
    rules: [...totals.rules.values()].sort(byUse).map(ruleSummary),
    top: topOf(totals),
    inventory: {
      versions: inventory.versions.length,
      enis: newest?.inventory.networkInterfaces.length ?? 0,
      rules: newest?.catalog.rules.length ?? 0,
      pods: new Set(newest?.inventory.pods.map(podIdentity)).size,
    },
    elapsedSeconds,
    recordsPerSecond: elapsedSeconds > 0 ? Math.round(records / elapsedSeconds) : 0,
  };
}

function pick<K extends string, V>(words: readonly K[], value: (word: K) => V): Record<K, V> {
  return Object.fromEntries(words.map((word) => [word, value(word)])) as Record<K, V>;
}

function causesOf(totals: Totals): Summary['drift']['causes'] {
  const entries = DRIFT_CAUSE.flatMap((word, code) => {
    const count = totals.causes[code] ?? 0;
    return word === 'null' || count === 0 ? [] : [[word, count] as const];
  });
  return Object.fromEntries(entries);
}

function byUse(a: RuleTotals, b: RuleTotals): number {
  return b.decided - a.decided || b.matched - a.matched || (a.id < b.id ? -1 : 1);
}

function ruleSummary(rule: RuleTotals): RuleSummary {
  const { id, decided, matched, bytes } = rule;
  return {
    id,
    layer: rule.layer as Layer,
    decided,
    matched,
    bytes,
    firstSeen: rfc3339(rule.firstSeen),
    lastSeen: rfc3339(rule.lastSeen),
  };
}

function rfc3339(seconds: number | null): string | null {
  return seconds === null ? null : new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}

function topOf(totals: Totals): Summary['top'] {
  const split = (label: string): string[] => label.split(LABEL_SEPARATOR);
  const workloads = totals.workloads.take(TOP_ROWS, 'bytes');
  const talkers = heaviest(totals.talkers4.take(TOP_ROWS, 'bytes'), totals.talkers6.take(TOP_ROWS, 'bytes'));
  const rejects = totals.rejects.take(TOP_ROWS, 'records');
  return {
    workloads: workloads.rows.map(({ label, records, bytes, packets }) => {
      const [src = '', dst = ''] = split(label);
      return { src, dst, records, bytes, packets };
    }),
    talkers: talkers.rows.map(({ label, records, bytes, packets }) => {
      const [address = '', owner = ''] = split(label);
      return { address, owner, records, bytes, packets };
    }),
    rejects: rejects.rows.map(({ label, records }) => {
      const [src = '', srcOwner = '', dst = '', dstOwner = '', port = '', protocol = '', rule = ''] = split(label);
      const ends = { src, dst, srcOwner, dstOwner };
      return { ...ends, dstPort: Number(port), protocol: Number(protocol), records, rule: rule === '' ? null : rule };
    }),
    paths: PATH.map((path, code) => ({
      path,
      records: totals.paths[code]?.records ?? 0,
      bytes: totals.paths[code]?.bytes ?? 0,
    }))
      .filter((row) => row.records > 0)
      .sort((a, b) => b.records - a.records),
    others: { workloads: workloads.others, talkers: talkers.others, rejects: rejects.others },
  };
}

/** Two lists of one kind as one: IPv4 and IPv6 talkers are counted apart. */
function heaviest(a: Taken, b: Taken): Taken {
  const rows = [...a.rows, ...b.rows].sort((x, y) => y.bytes - x.bytes || (x.label < y.label ? -1 : 1));
  const others = {
    records: a.others.records + b.others.records,
    bytes: a.others.bytes + b.others.bytes,
    packets: a.others.packets + b.others.packets,
  };
  return { rows: rows.slice(0, TOP_ROWS), others };
}
