import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../support/cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'flowtrie-filters-'));
const inventory = join(folder, 'lab', 'inventory');
const logs = join(folder, 'lab', 'logs');
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeAll(async () => {
  const sizes = ['--pods', '20', '--records', '3000', '--files', '2', '--seed', '5'];
  const { code } = await runCli(['generate', '--out', join(folder, 'lab'), ...sizes]);
  expect(code).toBe(0);
});

type Row = Readonly<Record<string, unknown>>;

async function rowsOf(...flags: readonly string[]): Promise<Row[]> {
  const out = join(folder, 'rows.ndjson');
  const args = ['replay', logs, '--inventory', inventory, '--threads', '0', '-q', '--out', out];
  const result = await runCli([...args, ...flags]);
  expect(result).toEqual({ code: 0, stdout: '', stderr: '' });
  const lines = readFileSync(out, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Row);
}

async function refusal(...flags: readonly string[]): Promise<string> {
  const result = await runCli(['replay', logs, '--inventory', inventory, ...flags]);
  expect(result.code).toBe(2);
  expect(result.stdout).toBe('');
  return result.stderr;
}

describe('filter flags', () => {
  it('a repeated flag is OR, different flags are AND, --not negates the next', async () => {
    const all = await rowsOf();
    const found = await rowsOf(
      '--protocol',
      'tcp',
      '--protocol',
      '17',
      '--not',
      '--action',
      'reject',
      '--port',
      '53-443',
    );
    const inRange = (port: unknown): boolean => Number(port) >= 53 && Number(port) <= 443;
    const expected = all.filter(
      (row) =>
        (row.protocol === 6 || row.protocol === 17) &&
        row.action !== 'REJECT' &&
        (inRange(row.srcport) || inRange(row.dstport)),
    );
    expect(found).toEqual(expected);
    expect(found.length).toBeGreaterThan(10);
    expect(found.length).toBeLessThan(all.length);
  });

  it('--since and --until take the records that start in between', async () => {
    const all = await rowsOf();
    const starts = all.map((row) => Number(row.start)).sort((a, b) => a - b);
    const [since = 0, until = 0] = [starts[1000], starts[2000]];
    const iso = (seconds: number): string => new Date(seconds * 1000).toISOString();
    const found = await rowsOf('--since', iso(since), '--until', iso(until));
    expect(found).toEqual(all.filter((row) => Number(row.start) >= since && Number(row.start) < until));
    expect(await rowsOf('--since', '1m')).toEqual([]);
    expect(await rowsOf('--until', '1h30m')).toEqual(all);
  });

  it('the ledger counts what filters leave out', async () => {
    const args = ['replay', logs, '--inventory', inventory, '--threads', '2', '--json', '--action', 'REJECT'];
    const { ledger, drift } = JSON.parse((await runCli(args)).stdout) as Record<string, Record<string, number>>;
    const rejected = (await rowsOf()).filter((row) => row.action === 'REJECT').length;
    expect(ledger?.classified).toBe(rejected);
    expect(ledger?.filtered).toBe(3000 - rejected - (ledger?.nodata ?? 0) - (ledger?.skipdata ?? 0));
    expect((drift?.agree ?? 0) + (drift?.['unexpected-reject'] ?? 0)).toBe(rejected);
  });

  it('a name that the inventory does not know is said, an interface is not', async () => {
    const args = [
      'replay',
      logs,
      '--inventory',
      inventory,
      '--json',
      '--namespace',
      'nowhere',
      '--eni',
      'eni-elsewhere',
    ];
    const { code, stderr } = await runCli(args);
    expect(code).toBe(0);
    expect(stderr).toBe('flowtrie: warning: --namespace nowhere: no pod of the inventory bears this name\n');
  });

  it.each([
    [['--port', '70000'], "--port: expected a port from 0 to 65535 or a range A-B, got '70000'"],
    [['--port', '9-8'], "got '9-8'"],
    [['--ip', '10.0.0.300'], "--ip: expected an address or a CIDR, got '10.0.0.300'"],
    [['--protocol', '256'], "--protocol: expected tcp, udp, icmp, icmpv6 or a number from 0 to 255, got '256'"],
    [['--verdict', 'ACCEPT'], "--verdict: expected allow, deny, unknown, exempt, got 'ACCEPT'"],
    [['--action', 'allow'], "--action: expected ACCEPT or REJECT, got 'allow'"],
    [['--drift', ''], "--drift: expected undetermined, agree, unexpected-accept, unexpected-reject, got ''"],
    [['--since', 'yesterday'], '--since: expected an RFC 3339 instant with a zone'],
    [['--since', '2024-12-20T18:23:02'], "got '2024-12-20T18:23:02'"],
    [['--since', '2026-02-30T00:00:00Z'], "got '2026-02-30T00:00:00Z'"],
    [['--until', '2026-04-31T00:00:00+02:00'], "got '2026-04-31T00:00:00+02:00'"],
    [['--until', '2026-01-01T24:00:00Z'], "got '2026-01-01T24:00:00Z'"],
    [['--out-format', 'nonsense'], "--out-format: expected ndjson, csv, arrow, arrows, parquet, ocsf, got 'nonsense'"],
    [['--out-format', 'csv'], '--out-format: expected --out beside it'],
    [['--compression', 'xz'], "--compression: expected none, lz4, zstd, got 'xz'"],
    [['--quarantine', ''], "--quarantine: expected a file, got ''"],
    [['--since', '1h', '--until', '2h'], 'expected an instant before --until'],
    [['--not'], '--not: expected a filter after it'],
    [['--not', '--not', '--port', '1'], '--not --not: expected a filter'],
    [['--not', '--since', '2h'], '--not --since: expected a filter'],
    [['--names', 'x'], "unknown option '--names'"],
  ])('refuses %j', async (flags, message) => {
    expect(await refusal(...flags)).toContain(message);
  });
});

describe('--columns', () => {
  it('names the columns of the output, in order', async () => {
    const [first] = await rowsOf('--columns', '${srcaddr} ${dst-pod},pkt_dstaddr,drift');
    expect(Object.keys(first ?? {})).toEqual(['srcaddr', 'dst_pod', 'pkt_dstaddr', 'drift']);
  });

  it('refuses what no column is called, and a choice without an output', async () => {
    const message = await refusal('--columns', 'srcpod', '--out', join(folder, 'x.csv'));
    expect(message).toContain("got 'srcpod' (did you mean src_pod?)");
    expect(await refusal('--columns', 'srcaddr')).toContain('--columns: expected --out beside it');
  });
});
