import { ledgerSum, MALFORMED } from '../model/ledger.ts';
import { OBSERVED, PREDICTED, type Summary } from '../model/summary.ts';
import { ATTRIBUTION, DRIFT, DRIFT_CAUSE, KIND, PATH, ROLE_BASIS } from '../model/verdict.ts';
import {
  bar,
  byteSize,
  type Cell,
  count,
  duration,
  paint,
  percent,
  type Style,
  type Terminal,
  table,
} from './table.ts';

/** Rows of each list in the terminal; `--json` has them all. */
const ROWS_MAX = 10;

/** Below this many columns, tables leave out what can be spared, so that names stay readable. */
const WIDE = 100;

/** A number from each word of a table, in the table's order: the same bytes whatever order they were made in. */
function ordered(words: readonly string[], counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(words.flatMap((word) => (counts[word] === undefined ? [] : [[word, counts[word]]])));
}

/** One JSON document with the keys in the order of the contract. */
export function summaryJson(summary: Summary): string {
  const { input, ledger, predicted, observed, roleBasis, attribution, kinds, rules, top, inventory } = summary;
  const { lines, headers, blank, classified, nodata, skipdata, notJudged, filtered, duplicate, malformed } = ledger;
  const { causes, ...drift } = summary.drift;
  const group = { records: 0, bytes: 0, packets: 0 };
  const document = {
    input: { files: input.files, bytes: input.bytes, lines: input.lines },
    ledger: {
      ...{ lines, headers, blank, classified, nodata, skipdata, notJudged, filtered, duplicate },
      malformed: ordered(MALFORMED, malformed),
    },
    predicted: ordered(PREDICTED, predicted),
    observed: Object.fromEntries(OBSERVED.map((action) => [action, ordered(PREDICTED, observed[action])])),
    drift: { ...ordered(DRIFT, drift), causes: ordered(DRIFT_CAUSE, causes) },
    roleBasis: ordered(ROLE_BASIS, roleBasis),
    agreeOnPolicy: summary.agreeOnPolicy,
    attribution: ordered(ATTRIBUTION, attribution),
    kinds: ordered(KIND, kinds),
    rules: pick(rules, { id: 0, layer: 0, decided: 0, matched: 0, bytes: 0, firstSeen: 0, lastSeen: 0 }),
    top: {
      workloads: pick(top.workloads, { src: 0, dst: 0, ...group }),
      talkers: pick(top.talkers, { address: 0, owner: 0, ...group }),
      rejects: pick(top.rejects, {
        ...{ src: 0, srcOwner: 0, dst: 0, dstOwner: 0, dstPort: 0, protocol: 0, records: 0, rule: 0 },
      }),
      paths: pick(top.paths, { path: 0, records: 0, bytes: 0 }),
      others: {
        workloads: pick([top.others.workloads], group)[0],
        talkers: pick([top.others.talkers], group)[0],
        rejects: pick([top.others.rejects], group)[0],
      },
    },
    inventory: pick([inventory], { versions: 0, enis: 0, rules: 0, pods: 0 })[0],
    elapsedSeconds: summary.elapsedSeconds,
    recordsPerSecond: summary.recordsPerSecond,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** Rows with exactly the keys of `shape`, in its order. */
function pick<T extends object>(rows: readonly T[], shape: Readonly<Record<keyof T, number>>): Partial<T>[] {
  const keys = Object.keys(shape) as (keyof T)[];
  return rows.map((row) => Object.fromEntries(keys.map((key) => [key, row[key]])) as Partial<T>);
}

/** The summary as tables for a terminal; sections without content are left out. Ends with a newline. */
export function renderSummary(summary: Summary, terminal: Terminal): string {
  const sections = [
    opening(summary, terminal),
    ledgerSection(summary, terminal),
    verdictSection(summary, terminal),
    driftSection(summary, terminal),
    roleSection(summary, terminal),
    attributionSection(summary, terminal),
    workloadSection(summary, terminal),
    rejectSection(summary, terminal),
    talkerSection(summary, terminal),
    pathSection(summary, terminal),
    ruleSection(summary, terminal),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => `${lines.join('\n')}\n`)
    .join('\n');
}

function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

function title(text: string, note: string, terminal: Terminal): string {
  return `${paint('bold', text, terminal)}  ${paint('dim', note, terminal)}`.trimEnd();
}

function opening(summary: Summary, terminal: Terminal): string[] {
  const { input, inventory } = summary;
  const read = [plural(input.files, 'file'), byteSize(input.bytes), plural(input.lines, 'line')].join(' · ');
  const speed = `${duration(summary.elapsedSeconds)} · ${count(summary.recordsPerSecond)} records/s`;
  const known = [
    plural(inventory.versions, 'version'),
    plural(inventory.enis, 'interface'),
    plural(inventory.rules, 'rule'),
    plural(inventory.pods, 'pod'),
  ].join(' · ');
  const label = (text: string): string => paint('bold', text.padEnd(11), terminal);
  return [`${label('Input')}${read}`, `${label('Inventory')}${known}`, `${label('Time')}${speed}`];
}

/** Word, count, share and bar of each count above zero. */
function shares(
  rows: readonly { readonly word: Cell; readonly records: number; readonly note?: string }[],
  whole: number,
  terminal: Terminal,
): string[] {
  const barWidth = Math.max(10, Math.min(40, terminal.width - 56));
  return table(
    [{ align: 'left' }, { align: 'right' }, { align: 'right' }, { align: 'left' }, { align: 'left', shrinks: true }],
    rows.map(({ word, records, note }) => [
      word,
      count(records),
      percent(records, whole),
      { text: bar(whole === 0 ? 0 : records / whole, barWidth), style: 'cyan' },
      note ?? '',
    ]),
    terminal,
  );
}

function ledgerSection({ ledger }: Summary, terminal: Terminal): string[] {
  const { lines, headers, blank, classified, nodata, skipdata, notJudged, filtered, duplicate } = ledger;
  const reasons = Object.entries(ordered(MALFORMED, ledger.malformed)).filter(([, n]) => n > 0);
  const malformed = reasons.reduce((sum, [, n]) => sum + n, 0);
  const counters = {
    classified,
    'not judged': notJudged,
    nodata,
    skipdata,
    headers,
    blank,
    filtered,
    duplicate,
    malformed,
  };
  const rows = Object.entries(counters)
    .filter(([word, n]) => n > 0 || word === 'classified')
    .map(([word, records]) => {
      const note = word === 'malformed' ? reasons.map(([reason, n]) => `${reason} ${count(n)}`).join(', ') : '';
      return { word: word === 'malformed' ? { text: word, style: 'red' as Style } : word, records, note };
    });
  const sum = ledgerSum(ledger);
  const holds = sum === lines;
  const verdict: Cell = holds
    ? { text: '= the sum of the above', style: 'green' }
    : { text: `the above add up to ${count(sum)}`, style: 'red' };
  const wordWidth = Math.max(
    ...rows.map(({ word }) => (typeof word === 'string' ? word : word.text).length),
    'lines'.length,
  );
  const numberWidth = Math.max(...rows.map(({ records }) => count(records).length), count(lines).length);
  const says = paint(verdict.style, verdict.text, terminal);
  const total = `  ${'lines'.padEnd(wordWidth)}  ${count(lines).padStart(numberWidth)}  ${says}`;
  const rule = `  ${'─'.repeat(wordWidth + 2 + numberWidth)}`;
  return [title('Ledger', 'where every line went', terminal), ...shares(rows, lines, terminal), rule, total];
}

const PREDICTED_STYLE: Readonly<Record<(typeof PREDICTED)[number], Style>> = {
  allow: 'green',
  deny: 'magenta',
  unknown: 'yellow',
  exempt: 'blue',
};

function verdictSection({ predicted, observed, ledger }: Summary, terminal: Terminal): string[] {
  if (ledger.classified === 0) return [];
  const cells = (counts: Readonly<Record<string, number>>): Cell[] =>
    PREDICTED.map((word) => ({ text: count(counts[word] ?? 0), style: counts[word] ? PREDICTED_STYLE[word] : 'dim' }));
  const rows = OBSERVED.filter((action) => PREDICTED.some((word) => observed[action][word] > 0)).map(
    (action): Cell[] => [action === 'none' ? 'no action' : action, ...cells(observed[action])],
  );
  const whole = PREDICTED.reduce((sum, word) => sum + predicted[word], 0);
  const columns = PREDICTED.map((head) => ({ align: 'right', head }) as const);
  return [
    title('Verdicts', 'what AWS logged (rows) × what the rules predict (columns), records', terminal),
    ...table(
      [{ align: 'left' }, ...columns],
      [...rows, ['all', ...cells(predicted)], ['', ...PREDICTED.map((word) => percent(predicted[word], whole))]],
      terminal,
    ),
  ];
}

function driftSection({ drift, ledger }: Summary, terminal: Terminal): string[] {
  if (ledger.classified === 0) return [];
  const style = {
    agree: 'green',
    undetermined: 'yellow',
    'unexpected-accept': 'red',
    'unexpected-reject': 'red',
  } as const;
  const order = ['agree', 'unexpected-accept', 'unexpected-reject', 'undetermined'] as const;
  const rows = order.map((word) => ({ word: { text: word, style: style[word] }, records: drift[word] }));
  const causes = Object.entries(ordered(DRIFT_CAUSE, drift.causes)).filter(([, n]) => n > 0);
  const lines = [title('Drift', 'logged against predicted', terminal), ...shares(rows, ledger.classified, terminal)];
  if (causes.length === 0) return lines;
  const list = causes.map(([cause, records]): Cell[] => [{ text: 'cause', style: 'dim' }, cause, count(records)]);
  return [...lines, ...table([{ align: 'left' }, { align: 'left' }, { align: 'right' }], list, terminal)];
}

/** Rows of the words that occur, the most frequent first. */
function occurring(
  words: readonly string[],
  counts: Readonly<Record<string, number>>,
): { word: string; records: number }[] {
  return words
    .map((word) => ({ word, records: counts[word] ?? 0 }))
    .filter(({ records }) => records > 0)
    .sort((a, b) => b.records - a.records);
}

function roleSection({ roleBasis, agreeOnPolicy, drift }: Summary, terminal: Terminal): string[] {
  const rows = occurring(ROLE_BASIS, roleBasis);
  if (rows.length === 0) return [];
  const whole = rows.reduce((sum, { records }) => sum + records, 0);
  const part = percent(agreeOnPolicy, drift.agree);
  const share = `  ${count(agreeOnPolicy)} of ${count(drift.agree)} agreements rest on policy alone (${part})`;
  return [
    title('Role basis', 'what tells request from reply', terminal),
    ...shares(rows, whole, terminal),
    ...(agreeOnPolicy > 0 ? [paint('dim', share, terminal)] : []),
  ];
}

function attributionSection({ attribution, kinds }: Summary, terminal: Terminal): string[] {
  const rows = occurring(ATTRIBUTION, attribution);
  if (rows.length === 0) return [];
  const whole = rows.reduce((sum, { records }) => sum + records, 0);
  const found = occurring(KIND, kinds);
  const lines = shares([...rows, ...found], whole, terminal);
  return [
    title('Attribution', `who stands at the two ends of a record, ${count(whole)} ends`, terminal),
    ...lines.slice(0, rows.length),
    ...(found.length === 0 ? [] : [paint('dim', '  by kind', terminal), ...lines.slice(rows.length)]),
  ];
}

/** `first ten of 312` when a list is cut. */
function listTitle(text: string, note: string, length: number, terminal: Terminal): string {
  return title(text, length > ROWS_MAX ? `${note}, first ${ROWS_MAX} of ${count(length)}` : note, terminal);
}

function workloadSection({ top: { workloads } }: Summary, terminal: Terminal): string[] {
  if (workloads.length === 0) return [];
  const most = Math.max(...workloads.map(({ bytes }) => bytes));
  const rows = workloads
    .slice(0, ROWS_MAX)
    .map(({ src, dst, bytes, records }): Cell[] => [
      src,
      { text: '→', style: 'dim' },
      dst,
      byteSize(bytes),
      count(records),
      { text: bar(most === 0 ? 0 : bytes / most, terminal.width < WIDE ? 6 : 12), style: 'cyan' },
    ]);
  return [
    listTitle('Top workloads', 'by bytes', workloads.length, terminal),
    ...table(
      [
        { align: 'left', head: 'source', shrinks: true },
        { align: 'left' },
        { align: 'left', head: 'destination', shrinks: true },
        { align: 'right', head: 'bytes' },
        { align: 'right', head: 'records' },
        { align: 'left' },
      ],
      rows,
      terminal,
    ),
  ];
}

/** IANA protocol numbers with a name of their own in rule ids. */
const PROTOCOL_NAME: Readonly<Record<number, string>> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmpv6' };

/** Owner and address as one text; an owner that is only a kind says less than the address, `external` nothing. */
function endText(owner: string, address: string): string {
  if (address === '') return owner;
  if (owner === 'external') return address;
  return owner.includes('/') || owner.includes(' ') ? owner : `${address} (${owner})`;
}

function rejectSection({ top: { rejects } }: Summary, terminal: Terminal): string[] {
  if (rejects.length === 0) return [];
  const rows = rejects.slice(0, ROWS_MAX).map((reject): Cell[] => {
    const protocol = PROTOCOL_NAME[reject.protocol] ?? String(reject.protocol);
    return [
      endText(reject.srcOwner, reject.src),
      { text: '→', style: 'dim' },
      endText(reject.dstOwner, reject.dst),
      reject.protocol === 6 || reject.protocol === 17 ? `${reject.dstPort}/${protocol}` : protocol,
      count(reject.records),
      reject.rule === null ? { text: 'no rule says so', style: 'red' } : { text: reject.rule, style: 'magenta' },
    ];
  });
  return [
    listTitle('Top rejects', 'by records, with the rule that decided', rejects.length, terminal),
    ...table(
      [
        { align: 'left', head: 'source', shrinks: true },
        { align: 'left' },
        { align: 'left', head: 'destination', shrinks: true },
        { align: 'left', head: 'port' },
        { align: 'right', head: 'records' },
        { align: 'left', head: 'decided by', shrinks: true },
      ],
      rows,
      terminal,
    ),
  ];
}

function talkerSection({ top: { talkers } }: Summary, terminal: Terminal): string[] {
  if (talkers.length === 0) return [];
  const rows = talkers
    .slice(0, ROWS_MAX)
    .map(({ address, owner, bytes, packets, records }) => [
      address,
      owner,
      byteSize(bytes),
      count(packets),
      count(records),
    ]);
  return [
    listTitle('Top talkers', 'source addresses by bytes', talkers.length, terminal),
    ...table(
      [
        { align: 'left', head: 'address', shrinks: true },
        { align: 'left', head: 'owner', shrinks: true },
        { align: 'right', head: 'bytes' },
        { align: 'right', head: 'packets' },
        { align: 'right', head: 'records' },
      ],
      rows,
      terminal,
    ),
  ];
}

function pathSection({ top: { paths } }: Summary, terminal: Terminal): string[] {
  const found = PATH.flatMap((path) => paths.filter((row) => row.path === path && row.records > 0));
  if (found.length === 0) return [];
  const whole = found.reduce((sum, { records }) => sum + records, 0);
  const rows = found
    .sort((a, b) => b.bytes - a.bytes)
    .map(({ path, records, bytes }) => ({ word: path, records, note: byteSize(bytes) }));
  return [title('Paths', 'records and bytes', terminal), ...shares(rows, whole, terminal)];
}

function ruleSection({ rules }: Summary, terminal: Terminal): string[] {
  const busy = rules.filter(({ decided }) => decided > 0);
  if (busy.length === 0) return [];
  const rows = [...busy]
    .sort((a, b) => b.decided - a.decided || (a.id < b.id ? -1 : 1))
    .slice(0, ROWS_MAX)
    .map(({ id, layer, decided, matched, bytes, lastSeen }) => [
      id,
      layer,
      count(decided),
      count(matched),
      byteSize(bytes),
      terminal.width < WIDE ? '' : (lastSeen ?? ''),
    ]);
  return [
    listTitle('Busiest rules', 'by records decided', busy.length, terminal),
    ...table(
      [
        { align: 'left', head: 'rule', shrinks: true },
        { align: 'left', head: 'layer' },
        { align: 'right', head: 'decided' },
        { align: 'right', head: 'matched' },
        { align: 'right', head: 'bytes' },
        { align: 'left', head: terminal.width < WIDE ? '' : 'last seen' },
      ],
      rows,
      terminal,
    ),
  ];
}
