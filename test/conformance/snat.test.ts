import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { compileInventory } from '../../src/engine/versions.ts';
import { loadInventory } from '../../src/inventory/load.ts';
import type { OracleRecord } from '../oracle/oracle.ts';
import { createOracle } from '../oracle/oracle.ts';
import { type EngineRow, logOf, replayText } from '../support/engine-rows.ts';
import { inventoryFolder, readDocuments } from './case.ts';

const T0 = 1_768_471_200;
const folder = mkdtempSync(join(tmpdir(), 'flowtrie-snat-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const AGENT = 'kube-system/node-exporter-x';
const CART = 'shop/cart-66c4d-bbbbb';
const WEB = 'shop/web-7d9f8b-aaaaa';
const API = 'shop/api-5f-ddddd';

/** Environment of aws-node; null = no DaemonSet described. */
type Env = Readonly<Record<string, string>> | null;

interface Case {
  readonly id: string;
  readonly note: string;
  readonly env: Env;
  readonly record: OracleRecord;
  readonly side: 'src' | 'dst';
  /** null = the node alone. */
  readonly candidates: readonly string[] | null;
}

function record(
  eni: string,
  src: string,
  dst: string,
  window: readonly [number, number],
  more: OracleRecord = {},
): OracleRecord {
  return {
    'interface-id': eni,
    srcaddr: src.split(':')[0],
    dstaddr: dst.split(':')[0],
    srcport: src.split(':')[1],
    dstport: dst.split(':')[1],
    protocol: '6',
    start: String(T0 + window[0]),
    end: String(T0 + window[1]),
    action: 'ACCEPT',
    'log-status': 'OK',
    'pkt-srcaddr': src.split(':')[0],
    'pkt-dstaddr': dst.split(':')[0],
    'flow-direction': 'egress',
    ...more,
  };
}

const OUT = record('eni-1p', '10.0.1.10:23456', '93.184.216.34:443', [250, 280]);
const HIDDEN = { 'pkt-srcaddr': '-', 'pkt-dstaddr': '-' };
const EXTERNAL = { AWS_VPC_K8S_CNI_EXTERNALSNAT: 'true' };

/** Beside the cases in `attribution/`: replies, hidden sides, NAT gateways. The host itself is no pod, in no list. */
const CASES: readonly Case[] = [
  {
    id: 'reply',
    note: 'what comes back to such a port',
    env: {},
    record: record('eni-1p', '93.184.216.34:443', '10.0.1.10:23456', [250, 280], { 'flow-direction': 'ingress' }),
    side: 'dst',
    candidates: [AGENT, API, CART, WEB],
  },
  {
    id: 'served',
    note: 'a port below 1024 is the node itself',
    env: {},
    record: record('eni-1p', '93.184.216.34:40000', '10.0.1.10:22', [250, 280], { 'flow-direction': 'ingress' }),
    side: 'dst',
    candidates: null,
  },
  {
    id: 'default format',
    note: 'a hidden side is any pod of the node, not of the interface alone',
    env: {},
    record: { ...OUT, ...HIDDEN },
    side: 'src',
    candidates: [AGENT, API, CART, WEB],
  },
  {
    id: 'default format, external',
    note: 'a hidden side is any pod of the interface',
    env: EXTERNAL,
    record: { ...OUT, ...HIDDEN },
    side: 'src',
    candidates: [AGENT, CART, WEB],
  },
  {
    id: 'NAT gateway',
    note: 'shows the node as its client and itself as the far end',
    env: {},
    record: record('eni-nat', '10.0.1.10:23456', '10.0.8.5:443', [250, 280], {
      ...HIDDEN,
      'flow-direction': 'ingress',
    }),
    side: 'src',
    candidates: [AGENT, API, CART, WEB],
  },
];

async function sideOf(one: Case, n: number): Promise<{ engine: EngineRow; oracle: unknown }> {
  const path = join(folder, String(n));
  cpSync(inventoryFolder('eks-fixture'), path, { recursive: true });
  const env = Object.entries(one.env ?? {}).map(([name, value]) => ({ name, value }));
  const spec = { template: { spec: { containers: [{ name: 'aws-node', env }] } } };
  const metadata = { name: 'aws-node', namespace: 'kube-system', uid: 'd1' };
  if (one.env !== null)
    writeFileSync(join(path, 'daemonsets.json'), JSON.stringify({ kind: 'DaemonSet', metadata, spec }));
  const inventory = compileInventory(await loadInventory(path));
  const { rows } = await replayText(inventory, logOf(Object.keys(one.record), [one.record]), { pair: false });
  const csv = { file: 'pods.csv', content: readCsv() };
  const side = createOracle([...readDocuments(path), csv]).attribute(one.record)[one.side];
  return { engine: rows[0] ?? {}, oracle: side.attribution === 'candidates' ? side.candidates : null };
}

function readCsv(): string {
  return readFileSync(join(inventoryFolder('eks-fixture'), 'pods.csv'), 'utf8');
}

describe('source NAT on a node', () => {
  it.each(CASES.map((one, n) => ({ ...one, n })))('$id: $note', async (one) => {
    const { engine, oracle } = await sideOf(one, one.n);
    const attribution = one.candidates === null ? 'exact' : 'candidates';
    expect(engine).toMatchObject({
      [`${one.side}_kind`]: 'node',
      [`${one.side}_pod`]: null,
      [`${one.side}_attribution`]: attribution,
      [`${one.side}_candidates`]: one.candidates,
    });
    expect(oracle).toEqual(one.candidates);
  });

  it('says where a CIDR to exclude is wrong', async () => {
    const path = join(folder, 'wrong');
    cpSync(inventoryFolder('eks-fixture'), path, { recursive: true });
    const env = [{ name: 'AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS', value: '10.9.0.0/16,10.9/33' }];
    const spec = { template: { spec: { containers: [{ name: 'aws-node', env }] } } };
    const document = { kind: 'DaemonSet', metadata: { name: 'aws-node', namespace: 'kube-system' }, spec };
    writeFileSync(join(path, 'daemonsets.json'), JSON.stringify(document));
    await expect(loadInventory(path)).rejects.toThrow(/daemonsets\.json.*env\[0\]\.value.*10\.9\/33/);
  });
});
