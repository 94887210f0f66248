import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { INTERFACE_STRIDE, InterfaceWord } from '../../../src/classify/interface-records.ts';
import { BATCH_WORDS, SIDE_WORDS } from '../../../src/classify/kernel-batch.ts';
import { TABLE_WORDS } from '../../../src/classify/kernel-tables.ts';
import { Asked } from '../../../src/classify/pairing.ts';
import { STRETCH_WORDS } from '../../../src/classify/stretch.ts';
import { Hidden, NO_ADDRESS, OWN_ADDRESS, UNASKED, VPC_FIRST } from '../../../src/classify/tables.ts';
import { GROUPS_WORDS } from '../../../src/engine/kernel-groups.ts';
import { COUNTER_WORDS, VERSION_COUNTER_WORDS } from '../../../src/engine/tally.ts';
import { Present, RejectReason, V6_WORDS } from '../../../src/model/flow.ts';
import {
  Action,
  Attribution,
  Direction,
  Drift,
  DriftCause,
  Effective,
  Kind,
  NO_ROUTER,
  NO_RULE,
  NO_SERVICE,
  Path,
  ROUTE_KIND,
  Role,
  RoleBasis,
  Verdict,
} from '../../../src/model/verdict.ts';
import { IPV4_ENTRY } from '../../../src/pods/lookup.ts';
import {
  ENTRY_STRIDE,
  EntryWord,
  FOREVER,
  INTERVAL_STRIDE,
  IntervalWord,
  LENGTH_UNIT,
  SOFT_OPEN,
} from '../../../src/pods/pod-map.ts';
import { Behind } from '../../../src/pods/snat.ts';
import { TWIN_ADDRESSES_MAX, TWIN_WINDOW_SECONDS } from '../../../src/pods/twins.ts';
import { InterfaceFact } from '../../../src/rules/interface-facts.ts';
import {
  PROTOCOL_OFFSET,
  SOME_PROTOCOL,
  SOME_TCP_PORT,
  SOME_UDP_PORT,
  TCP,
  UDP,
  UDP_OFFSET,
} from '../../../src/rules/port-class.ts';
import {
  ClassFlag,
  EniSet,
  EniWord,
  NO_SET,
  SETS_STRIDE,
  SUBNET6_STRIDE,
  UNKNOWN_SET,
} from '../../../src/rules/view.ts';
import { PAGE_WORDS, RUNS_WORDS } from '../../../src/source/parquet/dictionary-page.ts';

function kernelSource(file: string): string {
  return readFileSync(fileURLToPath(new URL(`../../../src/kernel/classify/${file}`, import.meta.url)), 'utf8');
}

/** Names of the fields of an unmanaged class, in order: 4 bytes each. */
function fieldsOf(file: string, name: string): string[] {
  const body = new RegExp(`class ${name} \\{\\n([^]*?)\\n\\}`).exec(kernelSource(file))?.[1] ?? '';
  return Array.from(body.matchAll(/^ {2}(\w+): (?:usize|u32);$/gm), ([, field]) => field ?? '');
}

describe('blocks of words that TypeScript lays out and the kernel reads', () => {
  test.each([
    ['columns.ts', 'Side', SIDE_WORDS],
    ['columns.ts', 'Batch', BATCH_WORDS],
    ['columns.ts', 'Stretch', STRETCH_WORDS],
    ['tables.ts', 'Tables', TABLE_WORDS],
    ['counters.ts', 'Groups', GROUPS_WORDS],
    ['counters.ts', 'VersionCounters', VERSION_COUNTER_WORDS],
    ['counters.ts', 'Counters', COUNTER_WORDS],
    ['../parquet/runs.ts', 'Runs', RUNS_WORDS],
    ['../parquet/page.ts', 'Page', PAGE_WORDS],
  ] as const)('%s: %s', (file, name, words) => {
    expect(fieldsOf(file, name)).toEqual(words);
  });
});

/** Tables of codes by the prefix of the kernel's names; the longest prefix that fits counts. */
const CODES: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  PRESENT: Present,
  ACTION: Action,
  REJECT_REASON: RejectReason,
  DIRECTION: Direction,
  ROLE: Role,
  ROLE_BASIS: RoleBasis,
  KIND: Kind,
  ATTRIBUTION: Attribution,
  EFFECTIVE: Effective,
  VERDICT: Verdict,
  ROUTE_KIND: Object.fromEntries(ROUTE_KIND.map((kind, code) => [camel(kind.replaceAll('-', '_')), code])),
  DRIFT: Drift,
  DRIFT_CAUSE: DriftCause,
  PATH: Path,
  HIDDEN: Hidden,
  CLASS_FLAG: ClassFlag,
  ENI: EniWord,
  ENI_SET: EniSet,
  ENTRY: EntryWord,
  INTERVAL: IntervalWord,
  INTERFACE: InterfaceWord,
  INTERFACE_FACT: InterfaceFact,
  BEHIND: Behind,
  ASKED: Asked,
};

const SINGLE: Readonly<Record<string, number>> = {
  V6_PER_ROW: V6_WORDS.perRow,
  NO_ROUTER,
  NO_RULE,
  NO_SERVICE,
  NO_ADDRESS,
  OWN_ADDRESS,
  VPC_FIRST,
  INTERFACE_STRIDE,
  SETS_STRIDE,
  SUBNET6_STRIDE,
  NO_SET,
  UNKNOWN_SET,
  UDP_OFFSET,
  PROTOCOL_OFFSET,
  SOME_TCP_PORT,
  SOME_UDP_PORT,
  SOME_PROTOCOL,
  ENTRY_STRIDE,
  LENGTH_UNIT,
  INTERVAL_STRIDE,
  IPV4_ENTRY,
  FOREVER,
  SOFT_OPEN,
  TWIN_ADDRESSES_MAX,
  TWIN_WINDOW_SECONDS,
  UNASKED,
  TCP,
  UDP,
};

function camel(name: string): string {
  return name.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

function originOf(name: string): number | undefined {
  if (name in SINGLE) return SINGLE[name];
  const prefixes = Object.keys(CODES).filter((prefix) => name.startsWith(`${prefix}_`));
  const [prefix = ''] = prefixes.sort((a, b) => b.length - a.length);
  return CODES[prefix]?.[camel(name.slice(prefix.length + 1))];
}

test('every code of the kernel is that of the model', () => {
  const lines = Array.from(kernelSource('codes.ts').matchAll(/^export const (\w+): [ui]32 = (-?[\w]+);$/gm));
  expect(lines).toHaveLength((kernelSource('codes.ts').match(/^export /gm) ?? []).length);
  for (const [, name = '', value = ''] of lines) {
    expect(Number(value.replaceAll('_', '')), name).toBe(originOf(name));
  }
});
