import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ledgerSum } from '../../src/model/ledger.ts';
import type { Summary } from '../../src/model/summary.ts';
import { readDocuments } from '../conformance/case.ts';
import { createOracle, type OracleRecord } from '../oracle/oracle.ts';
import { judgePaired } from '../oracle/pairing.ts';
import { runCli } from '../support/cli.ts';
import { corpusPath, describeCorpus } from '../support/corpus.ts';
import { type EngineRow, sideColumns } from '../support/engine-rows.ts';

const CAPTURE = 'eks-drewpy-2024-12-20';
/** What the capture's own validation log and a hand count say of it. */
const LINES = 11_057;
const SKIPDATA = 63;
const REJECTS = 542;
const DEFAULT_FIELDS = [
  ...['version', 'account-id', 'interface-id', 'srcaddr', 'dstaddr', 'srcport', 'dstport', 'protocol', 'packets'],
  ...['bytes', 'start', 'end', 'action', 'log-status'],
];

describeCorpus('the real capture of an EKS cluster', () => {
  const folder = mkdtempSync(join(tmpdir(), 'flowtrie-corpus-'));
  const log = corpusPath(CAPTURE, 'vpcflowlogs12-20.log');
  const inventory = corpusPath(CAPTURE, 'inventory');
  let summary: Summary;
  let rows: readonly EngineRow[];

  beforeAll(async () => {
    const out = join(folder, 'rows.ndjson');
    const result = await runCli(['replay', log, '--inventory', inventory, '--out', out, '--json']);
    expect(result.code, result.stderr).toBe(0);
    summary = JSON.parse(result.stdout) as Summary;
    const lines = readFileSync(out, 'utf8').split('\n').slice(0, -1);
    rows = lines.map((line) => JSON.parse(line) as EngineRow);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('accounts for every line', () => {
    const { ledger } = summary;
    expect(ledger.lines).toBe(LINES);
    expect(ledger.skipdata).toBe(SKIPDATA);
    expect(ledger.malformed).toEqual({});
    expect(ledgerSum(ledger)).toBe(LINES);
    expect(ledger.classified).toBe(LINES - SKIPDATA - ledger.headers - ledger.blank - ledger.nodata);
  });

  it('gives a row for every classified record and none for SKIPDATA', () => {
    expect(rows).toHaveLength(summary.ledger.classified);
    expect(rows.filter((row) => row.log_status !== 'OK')).toEqual([]);
  });

  it('predicts deny for every REJECT, with the layer that decided', () => {
    const rejects = rows.filter((row) => row.action === 'REJECT');
    expect(rejects).toHaveLength(REJECTS);
    for (const row of rejects) {
      expect(row).toMatchObject({ predicted: 'deny', drift: 'agree' });
      expect(row.decided_by).toMatch(/^(implicit-deny|acl-[^/]+\/(ingress|egress)\/(\d+|\*))$/);
    }
    expect(summary.observed.REJECT).toEqual({ allow: 0, deny: REJECTS, unknown: 0, exempt: 0 });
  });

  it('finds three unexpected accepts: two ICMP and one stray', () => {
    const unexpected = rows.filter((row) => row.drift === 'unexpected-accept');
    const protocols = unexpected.map((row) => row.protocol).sort();
    expect(protocols).toEqual([1, 1, 6]);
    const stray = unexpected.find((row) => row.protocol === 6);
    expect(stray).toMatchObject({ srcport: 20_800, dstport: 15_001, predicted: 'deny' });
    expect(summary.drift['unexpected-accept']).toBe(3);
  });

  it('agrees on everything else, and says how much of it rests on the policy step', () => {
    expect(summary.drift['unexpected-reject']).toBe(0);
    expect(summary.drift.undetermined).toBe(0);
    expect(summary.drift.agree).toBe(summary.ledger.classified - 3);
    const onPolicy = rows.filter((row) => row.drift === 'agree' && row.role_basis === 'policy');
    expect(summary.agreeOnPolicy).toBe(onPolicy.length);
  });

  it('names the pods whose address is on the wire', () => {
    for (const name of ['ingress-gateway', 'istiod']) {
      const named = rows.filter((row) => [row.src_pod, row.dst_pod].some((pod) => String(pod).includes(name)));
      expect(named.length, name).toBeGreaterThan(0);
    }
  });

  it('gives the columns of the naive oracle on every record', () => {
    const oracle = createOracle(readDocuments(inventory));
    const records = readFileSync(log, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line): OracleRecord => {
        // the export puts the time of the event in front of the default format
        const [, ...values] = line.trim().split(/\s+/);
        return Object.fromEntries(DEFAULT_FIELDS.map((name, i) => [name, values[i] ?? null]));
      })
      .filter((record) => record['log-status'] === 'OK');
    expect(records).toHaveLength(rows.length);
    judgePaired(oracle, records).forEach(({ verdict: { matched, ...verdict }, src, dst }, i) => {
      const wanted = { ...verdict, ...sideColumns('src', src), ...sideColumns('dst', dst) };
      expect(rows[i], JSON.stringify(records[i])).toMatchObject(wanted);
    });
  });
});
