import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inventoryFolder, readDocuments } from '../conformance/case.ts';
import { runCli } from '../support/cli.ts';
import { audit, exported } from '../support/history.ts';

const folder = mkdtempSync(join(tmpdir(), 'flowtrie-pods-'));
const WEB = { uid: 'u1', name: 'web-7d9f8b-aaaaa', node: 'n1' };
const CART = { uid: 'u2', name: 'cart-66c4d-bbbbb', node: 'n1' };

beforeAll(() => {
  for (const { file, content } of readDocuments(inventoryFolder('eks-fixture'))) {
    if (!file.includes('pods')) writeFileSync(join(folder, file), JSON.stringify(content));
  }
  const events = [
    audit.create(0, WEB, {}, { 'pod-template-hash': '7d9f8b' }),
    audit.running(2, WEB, '10.0.1.11', 0),
    audit.delete(300, WEB),
    audit.running(360, CART, '10.0.1.11', 355),
  ];
  writeFileSync(join(folder, '000000.gz'), gzipSync(exported(events)));
  const role = { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/web' };
  const account = { kind: 'ServiceAccount', metadata: { name: 'web', namespace: 'shop', annotations: role } };
  writeFileSync(join(folder, 'accounts.json'), JSON.stringify(account));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const pods = (...args: string[]) => runCli(['pods', '--inventory', folder, ...args]);

describe('flowtrie pods', () => {
  test('who held an address then, with the neighbours in time', async () => {
    const { code, stdout, stderr } = await pods('--ip', '10.0.1.11', '--at', '2026-01-15T10:05:10Z');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.split('\n')).toEqual([
      '10.0.1.11 in v1 on eni-1p (node-primary) of n1',
      '  at 2026-01-15T10:05:10Z: nobody for certain; candidates shop/web-7d9f8b-aaaaa',
      '',
      expect.stringMatching(/^ +POD +WORKLOAD +NODE +FROM +UNTIL +SOURCE$/),
      expect.stringMatching(
        /^ {2}10 s before +shop\/web-7d9f8b-aaaaa +Deployment\/web +n1 +.*02Z ±2 s +.*05:00Z +audit$/,
      ),
      expect.stringMatching(/^ {2}50 s after +shop\/cart-66c4d-bbbbb .*06:00Z ±5 s +now +audit$/),
      '',
    ]);
  });

  test('--json: one document, times in RFC 3339, service account and its role', async () => {
    const { stdout } = await pods('--ip', '10.0.1.11', '--at', '2026-01-15T10:01:00Z', '--json');
    const { histories, ...asked } = JSON.parse(stdout);
    expect(asked).toEqual({ ip: '10.0.1.11', at: '2026-01-15T10:01:00Z' });
    expect(histories).toHaveLength(1);
    expect(histories[0]).toMatchObject({
      ...{ vpc: 'v1', interface: 'eni-1p', node: 'n1', primary: false },
      answer: { attribution: 'exact', pods: ['shop/web-7d9f8b-aaaaa'] },
    });
    expect(histories[0].holders[0]).toEqual({
      ...{ namespace: 'shop', pod: 'web-7d9f8b-aaaaa', uid: 'u1', workload: 'Deployment/web', node: 'n1' },
      ...{ serviceAccount: 'web', role: 'arn:aws:iam::111122223333:role/web', sources: ['audit'] },
      ...{ start: '2026-01-15T10:00:02Z', end: '2026-01-15T10:05:00Z' },
      ...{ softStart: '2026-01-15T10:00:00Z', softEnd: '2026-01-15T10:05:00Z' },
    });
  });

  test('where a pod was; what nobody holds; wrong questions', async () => {
    expect((await pods('--pod', 'shop/web-7d9f8b-aaaaa')).stdout).toMatch(/10\.0\.1\.11 +shop\/web.*web \(arn:aws:iam/);
    expect((await pods('--pod', 'shop/nobody')).stdout).toBe('no such pod in the inventory\n');
    expect((await pods('--ip', '192.0.2.1')).stdout).toMatch(/^192\.0\.2\.1: nobody in the inventory holds it/);
    for (const [args, message] of [
      [[], 'missing --ip, --pod, --namespace or --node'],
      [['--ip', '10.0.1'], "--ip: expected an IPv4 or IPv6 address, got '10.0.1'"],
      [['--pod', 'web'], "--pod: expected namespace/name, got 'web'"],
      [['--ip', '10.0.1.1', '--at', 'now'], '--at: expected an RFC 3339 instant'],
      [['--ip', '10.0.1.1', '--at', '2025-02-29T00:00:00Z'], "got '2025-02-29T00:00:00Z'"],
    ] as const) {
      const { code, stderr } = await pods(...args);
      expect([code, stderr.includes(message)]).toEqual([2, true]);
    }
  });
});
