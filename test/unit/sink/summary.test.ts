import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createLedger, type Ledger } from '../../../src/model/ledger.ts';
import type { Summary } from '../../../src/model/summary.ts';
import { renderSummary, summaryJson } from '../../../src/sink/summary.ts';
import { bar, byteSize, duration, percent } from '../../../src/sink/table.ts';

const NOTHING = { allow: 0, deny: 0, unknown: 0, exempt: 0 };
const NO_GROUP = { records: 0, bytes: 0, packets: 0 };
const KINDS = {
  unknown: 0,
  pod: 0,
  node: 0,
  'load-balancer': 0,
  'nat-gateway': 0,
  'vpc-endpoint': 0,
  'eks-control-plane': 0,
  'transit-gateway': 0,
  eni: 0,
  'aws-service': 0,
  external: 0,
};

const ledger: Ledger = {
  ...createLedger(),
  lines: 1_234_567,
  headers: 4,
  blank: 1,
  classified: 1_200_000,
  nodata: 34_000,
  skipdata: 550,
  malformed: { address: 2, number: 10 },
};

const full: Summary = {
  input: { files: 14, bytes: 1_300_000_000, lines: 1_234_567 },
  ledger,
  predicted: { allow: 1_150_003, deny: 542, unknown: 49_000, exempt: 455 },
  observed: {
    ACCEPT: { allow: 1_150_000, deny: 3, unknown: 49_000, exempt: 455 },
    REJECT: { ...NOTHING, allow: 3, deny: 539 },
    none: NOTHING,
  },
  drift: {
    agree: 1_150_539,
    'unexpected-accept': 3,
    'unexpected-reject': 3,
    undetermined: 49_455,
    causes: { bpa: 3, 'missing-knowledge': 49_000, exempt: 455 },
  },
  roleBasis: { none: 2, flags: 900_000, listener: 200_000, pair: 0, reject: 542, port: 99_000, policy: 456 },
  agreeOnPolicy: 400,
  attribution: { none: 900_000, exact: 1_400_000, inferred: 99_990, candidates: 10 },
  kinds: { ...KINDS, pod: 1_300_000, node: 100_000, external: 1_000_000 },
  rules: [
    {
      id: 'sg-0a1b2c3d4e5f60718/ingress/tcp/30000-32767/sg-0f1e2d3c4b5a69788',
      layer: 'sg',
      decided: 1_000_000,
      matched: 1_000_001,
      bytes: 9e11,
      firstSeen: '2024-12-20T18:23:02Z',
      lastSeen: '2024-12-20T19:23:02Z',
    },
    { id: 'acl-0f/ingress/120', layer: 'nacl', decided: 5, matched: 9, bytes: 0, firstSeen: null, lastSeen: null },
    { id: 'sgr-unused', layer: 'sg', decided: 0, matched: 7, bytes: 0, firstSeen: null, lastSeen: null },
  ],
  top: {
    workloads: [
      {
        src: 'shop/web',
        dst: 'istio-system/ingress-gateway-with-a-long-name',
        records: 900_000,
        bytes: 8e11,
        packets: 7e8,
      },
      { src: 'node ip-10-0-1-6.eu-west-1.compute.internal', dst: 'external', records: 5, bytes: 840, packets: 10 },
    ],
    talkers: [
      { address: '2001:db8:1:2:3:4:5:6', owner: 'shop/\u001b[31mweb', records: 900_000, bytes: 8e11, packets: 7e8 },
    ],
    rejects: [
      {
        src: '203.0.113.7',
        srcOwner: 'external',
        dst: '10.0.2.9',
        dstOwner: 'istio-system/ingress-gateway',
        dstPort: 23,
        protocol: 6,
        records: 300,
        rule: 'implicit-deny',
      },
      {
        src: '10.0.0.1',
        srcOwner: 'node n1',
        dst: '10.0.2.9',
        dstOwner: 'unknown',
        dstPort: 0,
        protocol: 1,
        records: 3,
        rule: null,
      },
    ],
    paths: [
      { path: 'same-az', records: 200_000, bytes: 5e9 },
      { path: 'cross-az', records: 1_000_000, bytes: 8e11 },
    ],
    others: { workloads: NO_GROUP, talkers: NO_GROUP, rejects: NO_GROUP },
  },
  inventory: { versions: 2, enis: 42, rules: 310, pods: 1 },
  elapsedSeconds: 1.234,
  recordsPerSecond: 972_447.3,
};

const empty: Summary = {
  ...full,
  input: { files: 1, bytes: 0, lines: 0 },
  ledger: createLedger(),
  predicted: NOTHING,
  observed: { ACCEPT: NOTHING, REJECT: NOTHING, none: NOTHING },
  drift: { agree: 0, 'unexpected-accept': 0, 'unexpected-reject': 0, undetermined: 0, causes: {} },
  roleBasis: { none: 0, flags: 0, listener: 0, pair: 0, reject: 0, port: 0, policy: 0 },
  agreeOnPolicy: 0,
  attribution: { none: 0, exact: 0, inferred: 0, candidates: 0 },
  kinds: KINDS,
  rules: [],
  top: { ...full.top, workloads: [], talkers: [], rejects: [], paths: [] },
};

const plain = (summary: Summary, width = 100): string => renderSummary(summary, { width, color: false });

describe('renderSummary', () => {
  it.each([80, 100, 120])('fits %i columns and leaves no blanks at line ends', (width) => {
    for (const line of plain(full, width).split('\n')) {
      expect([...line].length, line).toBeLessThanOrEqual(width);
      expect(line).toBe(line.trimEnd());
    }
  });

  it('shows a ledger that adds up', () => {
    const text = plain(full);
    const [, section = ''] = text.split('where every line went');
    const [above = '', below = ''] = section.split(/ +─+\n/);
    const numbers = above.split('\n').flatMap((line) => /^ {2}\D+? +([\d,]+) /.exec(line)?.[1] ?? []);
    expect(numbers).toHaveLength(6);
    const sum = numbers.reduce((total, n) => total + Number(n.replaceAll(',', '')), 0);
    expect(sum).toBe(1_234_567);
    expect(below).toMatch(/^ {2}lines +1,234,567 {2}= the sum of the above\n/);
    expect(above).toMatch(/malformed +12 .*number 10, address 2/);
  });

  it('says so when the ledger does not add up', () => {
    expect(plain({ ...full, ledger: { ...ledger, lines: 5 } })).toMatch(/lines +5 {2}the above add up to 1,234,567/);
  });

  it('aligns numbers to the right', () => {
    const lines = plain(full).split('\n');
    const start = lines.findIndex((line) => line.startsWith('Verdicts'));
    expect(lines.slice(start + 1, start + 6)).toEqual(
      [
        '                 allow  deny  unknown  exempt',
        '  ACCEPT     1,150,000     3   49,000     455',
        '  REJECT             3   539        0       0',
        '  all        1,150,003   542   49,000     455',
        '                 95.8%  <0.1%    4.1%   <0.1%',
      ].map((line) => expect.stringMatching(new RegExp(line.trim().split(/ +/).join(' +')))),
    );
    const ends = lines.slice(start + 1, start + 6).map((line) => [...line].length);
    expect(new Set(ends).size).toBe(1);
  });

  it('names causes, policy agreements, deciding rules and what contradicts the rules', () => {
    const text = plain(full, 120);
    expect(text).toMatch(/cause +missing-knowledge +49,000/);
    expect(text).toContain('400 of 1,150,539 agreements rest on policy alone (<0.1%)');
    expect(text).toMatch(/203\.0\.113\.7 +→ +istio-system\/ingress-gateway +23\/tcp +300 +implicit-deny/);
    expect(text).toMatch(/node n1 +→ +10\.0\.2\.9 \(unknown\) +icmp +3 +no rule says so/);
    expect(text).not.toContain('sgr-unused');
    expect(text.indexOf('cross-az')).toBeLessThan(text.indexOf('same-az'));
  });

  it('lets no control character of a name reach the terminal', () => {
    expect(plain(full)).toContain('shop/\ufffd[31mweb');
    expect(plain(full)).not.toContain('\u001b');
  });

  it('leaves out sections without content', () => {
    const titles = plain(empty)
      .split('\n')
      .filter((line) => /^[A-Z]/.test(line))
      .map((line) => line.split(/ {2}/)[0]);
    expect(titles).toEqual(['Input', 'Inventory', 'Time', 'Ledger']);
  });

  it('colours only when asked, with the same text', () => {
    const colored = renderSummary(full, { width: 100, color: true });
    expect(colored).toContain('\u001b[');
    expect(stripVTControlCharacters(colored)).toBe(plain(full));
  });
});

describe('summaryJson', () => {
  it('is one document with the keys of the contract in order, whatever order they were made in', () => {
    const text = summaryJson(full);
    const reversed = Object.fromEntries(Object.entries(full).reverse()) as object as Summary;
    expect(summaryJson({ ...reversed, predicted: { exempt: 455, unknown: 49_000, deny: 542, allow: 1_150_003 } })).toBe(
      text,
    );
    expect(Object.keys(JSON.parse(text) as object)).toEqual([
      ...['input', 'ledger', 'predicted', 'observed', 'drift', 'roleBasis', 'agreeOnPolicy', 'attribution', 'kinds'],
      ...['rules', 'top', 'inventory', 'elapsedSeconds', 'recordsPerSecond'],
    ]);
  });

  it('loses nothing', () => {
    expect(JSON.parse(summaryJson(full))).toEqual(full);
  });
});

describe('numbers', () => {
  it('never shows something as nothing', () => {
    expect([
      percent(0, 10),
      percent(1, 1e6),
      percent(1, 3),
      percent(999_999, 1e6),
      percent(5, 5),
      percent(0, 0),
    ]).toEqual(['0%', '<0.1%', '33.3%', '>99.9%', '100.0%', '0%']);
    expect([bar(0, 10), bar(1e-9, 10), bar(0.5, 10), bar(1, 4), bar(7, 4), bar(0.55, 10)]).toEqual([
      '',
      '▏',
      '█████',
      '████',
      '████',
      '█████▌',
    ]);
  });

  it('chooses units', () => {
    expect([byteSize(0), byteSize(999), byteSize(1000), byteSize(1536), byteSize(5e9), byteSize(8e11)]).toEqual([
      '0 B',
      '999 B',
      '1.0 KiB',
      '1.5 KiB',
      '4.7 GiB',
      '745 GiB',
    ]);
    expect([duration(0.4), duration(12.34), duration(245.2)]).toEqual(['0.40 s', '12.3 s', '4 min 05 s']);
  });
});
