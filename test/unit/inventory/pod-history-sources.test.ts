import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import type { PodInterval } from '../../../src/inventory/inventory.ts';
import { loadInventory } from '../../../src/inventory/load.ts';
import { formatAddress } from '../../../src/model/ip.ts';
import { audit, exported, instantAt, lines, matrix, podObject, series, T0 } from '../../support/history.ts';
import { load, only, warningsOf } from './loading.ts';

const root = mkdtempSync(join(tmpdir(), 'flowtrie-history-'));
let folders = 0;

afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Loads files from disk: histories are read as streams there. */
async function loadFiles(files: Readonly<Record<string, string | Buffer>>) {
  const folder = mkdtempSync(join(root, `${folders++}-`));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return loadInventory(folder);
}

/** `name ip [softStart start end softEnd)` in seconds after T0. */
function told(pods: readonly PodInterval[]): string[] {
  const at = (seconds: number): string => (Number.isFinite(seconds) ? String(seconds - T0) : seconds < 0 ? '-' : '+');
  return pods.map((p) => {
    const times = [p.softStartSeconds, p.startSeconds, p.endSeconds, p.softEndSeconds].map(at);
    return `${p.name} ${formatAddress(p.address)} ${times.join(' ')}`;
  });
}

const WEB = { uid: 'u1', name: 'web-7d9f8b-aaaaa' };
const CART = { uid: 'u2', name: 'cart-66c4d-bbbbb' };
const REDIS = { uid: 'u5', name: 'redis-0' };
const WEB_LIFE = [
  audit.create(0, WEB, {}, { 'pod-template-hash': '7d9f8b' }),
  audit.bind(1, WEB),
  audit.running(2, WEB, '10.0.1.11', 0),
  audit.delete(280, WEB, 30, 'system:serviceaccount:kube-system:replicaset-controller'),
  audit.delete(300, WEB),
];

/** How JSON may write the text `"pods"` inside a text; the last ones in the inner text. */
const ESCAPES = [
  ...[
    '\\u0022pods\\"',
    '\\"pods\\u0022',
    '\\"\\u0070ods\\"',
    '\\"p\\u006fds\\"',
    '\\"p\\u006Fds\\"',
    '\\"po\\u0064s\\"',
  ],
  ...['\\"pod\\u0073\\"', '\\"\\\\u0070ods\\"', '\\"\\\\u0070\\\\u006F\\\\u0064\\\\u0073\\"'],
];

/** A subscription's envelopes, one a line, other escapes and events in front of and between them. */
function envelopes(pods: string): string {
  const envelope = (message: string): string =>
    JSON.stringify({ messageType: 'DATA_MESSAGE', logEvents: [{ id: '1', timestamp: 1, message }] });
  const other = { ...audit.bind(0, WEB), objectRef: { resource: 'leases', name: 'a' }, userAgent: '<x> & "y"' };
  const noise = envelope(JSON.stringify(other)).replace('<', '\\u003c').replace('x', '\\u0078');
  return WEB_LIFE.map((e) => `${noise}\n${envelope(JSON.stringify(e)).replace('\\"pods\\"', () => pods)}\n`).join('');
}

describe('EKS audit logs', () => {
  test('create, binding, status and the last delete make one interval with owner, node and account', async () => {
    const [pod, ...others] = only(await loadFiles({ 'audit.log': lines(WEB_LIFE) })).pods;
    expect(others).toEqual([]);
    expect(told([pod as PodInterval])).toEqual(['web-7d9f8b-aaaaa 10.0.1.11 0 2 300 300']);
    expect(pod).toMatchObject({
      ...{ uid: 'u1', workload: 'Deployment/web', nodeName: 'n1', serviceAccount: 'web', sources: ['audit'] },
      listeners: [{ protocol: 6, port: 8080 }],
    });
  });

  test.each([
    ['gzip', () => ({ 'a.gz': gzipSync(lines(WEB_LIFE)) })],
    ['CloudWatch export', () => ({ '000000.gz': gzipSync(exported(WEB_LIFE)) })],
    [
      'subscription envelope',
      () => {
        const logEvents = WEB_LIFE.map((event, i) => ({ id: `${i}`, timestamp: 1, message: JSON.stringify(event) }));
        return { 'audit.json': JSON.stringify({ messageType: 'DATA_MESSAGE', logGroup: 'eks', logEvents }) };
      },
    ],
    [
      'get-log-events',
      () => ({ 'e.json': JSON.stringify({ events: WEB_LIFE.map((e) => ({ message: JSON.stringify(e) })) }, null, 2) }),
    ],
    [
      'list',
      () => ({
        'l.json': JSON.stringify({ kind: 'EventList', apiVersion: 'audit.k8s.io/v1', items: WEB_LIFE }, null, 1),
      }),
    ],
    ['two files, the later first', () => ({ a: lines(WEB_LIFE.slice(2)), b: lines(WEB_LIFE.slice(0, 2)) })],
    ['every event twice, in reverse', () => ({ a: lines([...WEB_LIFE, ...WEB_LIFE].reverse()) })],
  ])('%s', async (_, files) => {
    const loaded = await loadFiles(files());
    expect(told(only(loaded).pods)).toEqual(['web-7d9f8b-aaaaa 10.0.1.11 0 2 300 300']);
    expect(warningsOf(loaded)).toEqual([]);
  });

  test.each(ESCAPES)('envelopes that spell pods as %s', async (pods) => {
    const loaded = await loadFiles({ 'a.json': envelopes(pods) });
    expect(told(only(loaded).pods)).toEqual(['web-7d9f8b-aaaaa 10.0.1.11 0 2 300 300']);
    expect(warningsOf(loaded)).toEqual([]);
  });

  test('get-log-events that spells pods with an escape', async () => {
    const events = WEB_LIFE.map((event) => ({ message: JSON.stringify(event).replace('"pods"', '"\\u0070ods"') }));
    const loaded = await loadFiles({ 'e.json': JSON.stringify({ events }) });
    expect(told(only(loaded).pods)).toEqual(['web-7d9f8b-aaaaa 10.0.1.11 0 2 300 300']);
  });

  test('terminal phase ends, an empty podIP and deletionTimestamp do not, another podIP moves (A32, A35)', async () => {
    const events = [
      audit.running(2, WEB, '10.0.1.11', 0),
      audit.status(100, WEB, { podIP: '', podIPs: [] }),
      audit.running(200, WEB, '10.0.1.12', 0),
      audit.finish(300, WEB),
      audit.running(310, WEB, '10.0.1.12', 0),
      audit.delete(4000, WEB),
    ];
    const loaded = await loadFiles({ 'audit.log': lines(events) });
    expect(told(only(loaded).pods)).toEqual([
      'web-7d9f8b-aaaaa 10.0.1.11 0 2 200 200',
      'web-7d9f8b-aaaaa 10.0.1.12 200 200 300 300',
    ]);
  });

  test('a log that begins late, a delete that is missing, a name used again', async () => {
    const events = [
      audit.running(10, REDIS, '10.0.2.70', 0),
      audit.running(400, { ...REDIS, uid: 'u5b' }, '10.0.2.71', 390),
      audit.running(500, CART, '10.0.2.70', 490),
    ];
    const loaded = await loadFiles({ 'audit.log': lines(events) });
    expect(told(only(loaded).pods)).toEqual([
      'cart-66c4d-bbbbb 10.0.2.70 490 500 + +',
      'redis-0 10.0.2.70 0 10 400 400',
      'redis-0 10.0.2.71 390 400 + +',
    ]);
  });

  test('only the response of a write is parsed; conditions alone say nothing', async () => {
    const long = { spec: { note: 'x'.repeat(600) }, metadata: { uid: 'u1', labels: { responseObject: 'l' } } };
    const nested = { annotations: { 'a","responseObject":{"': 'x' }, responseObject: { spec: {} } };
    const create = audit.create(0, WEB, {}, { 'pod-template-hash': '7d9f8b' }) as { responseObject: object };
    const { responseObject, ...before } = create;
    const both = { ...before, requestObject: { ...long, metadata: { ...long.metadata, ...nested } }, responseObject };
    const idle = audit.status(1, WEB, { conditions: [{ type: 'Ready', status: 'True' }] });
    const removed = { requestObject: { ...long, gracePeriodSeconds: 0 }, responseObject };
    const events = [
      both,
      idle,
      audit.running(2, WEB, '10.0.1.11', 0),
      { ...audit.delete(300, WEB, 0, 'admin'), ...removed },
    ];
    const plain = [create, audit.running(2, WEB, '10.0.1.11', 0), audit.delete(300, WEB)];
    const [cut, whole] = [await loadFiles({ 'a.log': lines(events) }), await loadFiles({ 'a.log': lines(plain) })];
    expect(told(only(cut).pods)).toEqual(['web-7d9f8b-aaaaa 10.0.1.11 0 2 300 300']);
    expect(only(cut).pods).toEqual(only(whole).pods);
    expect(warningsOf(cut)).toEqual([]);
  });

  test('broken lines are said with file and line, the rest is used', async () => {
    const text = lines(WEB_LIFE).split('\n');
    const broken = [text[0], '{"objectRef":{"resource":"pods"', ...text.slice(1, 4), `${text[4]?.slice(0, 150)}`];
    const loaded = await loadFiles({ 'audit.log': broken.join('\n') });
    expect(told(only(loaded).pods)).toEqual(['web-7d9f8b-aaaaa 10.0.1.11 0 2 + +']);
    expect(warningsOf(loaded)).toEqual([
      expect.stringMatching(/^audit\.log line 2: broken JSON: /),
      expect.stringMatching(/^audit\.log line 6: broken JSON: /),
    ]);
    const wrong = audit.status(5, CART, { podIP: 7 });
    const other = await loadFiles({ 'audit.log': lines([...WEB_LIFE, wrong]) });
    expect(warningsOf(other)).toEqual(['audit.log line 6: line 6 requestObject.status.podIP: got 7, expected a text']);
  });

  test('a truncated gzip file is read as far as it goes', async () => {
    const many = Array.from({ length: 2000 }, (_, i) => {
      return audit.running(i, { uid: `u${i}`, name: `p-${i}` }, `10.0.${(i >> 8) + 1}.${i & 255}`);
    });
    const whole = gzipSync(lines(many));
    const loaded = await loadFiles({ 'a.log.gz': whole.subarray(0, whole.length >> 1) });
    expect(only(loaded).pods.length).toBeGreaterThan(500);
    expect(warningsOf(loaded)[0]).toMatch(
      /^a\.log\.gz line \d+: cannot be read further: .*what stands before is used$/,
    );
  });

  test('clocks that differ: an event after the end opens nothing, and that is said', async () => {
    const loaded = await loadFiles({ a: lines([...WEB_LIFE, audit.running(301, WEB, '10.0.1.11', 0)]) });
    expect(told(only(loaded).pods)).toEqual(['web-7d9f8b-aaaaa 10.0.1.11 0 2 300 300']);
    expect(warningsOf(loaded).join()).toMatch(/1 events of pods that had already ended/);
  });
});

describe('watch events', () => {
  const event = (second: number, type: string, object: object) => ({ time: instantAt(second), type, object });

  test('recorded with times: gone ends, a list after a gap leaves the end open (A33)', async () => {
    const events = [
      event(360, 'ADDED', podObject(CART, '10.0.1.11', { start: 359 })),
      event(365, 'MODIFIED', podObject(CART, null, { start: 359 })),
      event(400, 'ADDED', podObject(WEB, '10.0.2.64', { start: 390 })),
      event(600, 'DELETED', podObject(WEB, '10.0.2.64', { start: 390 })),
      event(700, 'LIST', { kind: 'PodList', items: [podObject(REDIS, '10.0.2.70', { start: 650 })] }),
      { type: 'BOOKMARK', object: { kind: 'Pod', metadata: { resourceVersion: '7' } } },
    ];
    const loaded = await loadFiles({ 'watch.jsonl': lines(events) });
    expect(told(only(loaded).pods)).toEqual([
      'cart-66c4d-bbbbb 10.0.1.11 359 360 600 700',
      'redis-0 10.0.2.70 650 700 + +',
      'web-7d9f8b-aaaaa 10.0.2.64 390 400 600 600',
    ]);
    expect(warningsOf(loaded)).toEqual([]);
  });

  test('as kubectl prints them, without times: the latest write counts', async () => {
    const written = (object: object, second: number): object => ({
      ...object,
      metadata: {
        ...(object as { metadata: object }).metadata,
        managedFields: [{ manager: 'kubelet', subresource: 'status', time: instantAt(second).replace('.000Z', 'Z') }],
      },
    });
    const alive = written(podObject(WEB, '10.0.1.11', { start: 0 }), 5);
    const gone = { ...written(podObject(WEB, '10.0.1.11', { start: 0 }), 290) } as { metadata: object };
    gone.metadata = { ...gone.metadata, deletionTimestamp: instantAt(320).replace('.000Z', 'Z') };
    const pretty = [
      { type: 'ADDED', object: alive },
      { type: 'DELETED', object: gone },
    ];
    const loaded = await loadFiles({ 'watch.json': pretty.map((e) => JSON.stringify(e, null, 4)).join('\n') });
    expect(told(only(loaded).pods)).toEqual(['web-7d9f8b-aaaaa 10.0.1.11 0 5 290 320']);
  });
});

describe('kube-state-metrics', () => {
  test('first to last sample for certain, one scrape more at either end (A37)', () => {
    const result = [
      series(
        { uid: 'u1', pod: WEB.name, pod_ip: '10.0.1.11', created_by_kind: 'ReplicaSet', created_by_name: 'web' },
        30,
        300,
      ),
      series({ uid: 'u6', pod: 'exporter', pod_ip: '10.0.1.10', host_network: 'true' }, 0, 600),
      series({ uid: 'u3', pod: 'job-x', pod_ip: '10.0.1.21' }, 30, 600),
      series({ __name__: 'kube_pod_status_phase', uid: 'u3', pod: 'job-x', phase: 'Succeeded' }, 120, 600),
      series({ uid: 'u9', pod: 'lone', pod_ip: '<none>' }, 30, 60),
    ];
    const { pods } = only(load(matrix(result)));
    expect(told(pods)).toEqual([
      'exporter 10.0.1.10 -30 0 600 630',
      'job-x 10.0.1.21 0 30 120 120',
      'web-7d9f8b-aaaaa 10.0.1.11 0 30 300 330',
    ]);
    expect(pods.map((pod) => pod.hostNetwork)).toEqual([true, false, false]);
    expect(pods[2]).toMatchObject({ workload: 'ReplicaSet/web', nodeName: 'n1', sources: ['metrics'] });
  });

  test('start and completion time cut; a wrong sample and an instant vector are refused', () => {
    const timed = (name: string, second: number) => ({
      metric: { __name__: name, namespace: 'shop', pod: WEB.name, uid: 'u1' },
      values: [[T0 + 60, String(T0 + second)]],
    });
    const info = series({ uid: 'u1', pod: WEB.name, pod_ip: '10.0.1.11' }, 30, 300);
    const result = [info, timed('kube_pod_start_time', 20), timed('kube_pod_completion_time', 250)];
    expect(told(only(load(matrix(result))).pods)).toEqual(['web-7d9f8b-aaaaa 10.0.1.11 20 30 250 250']);
    expect(() => load(matrix([{ metric: {}, values: [[1]] }]))).toThrow(/0\.json: data\.result\[0\]\.values\[0\]/);
    const vector = load({ status: 'success', data: { resultType: 'vector', result: [] } }, { Vpcs: [] });
    expect(warningsOf(vector)[0]).toMatch(/resultType: got vector, expected matrix/);
  });
});

describe('ipamd', () => {
  const metadata = { k8sPodNamespace: 'shop', k8sPodName: WEB.name, interfacesCount: 1 };
  const address = {
    '10.0.1.11': { Address: '10.0.1.11', IPAMKey: {}, IPAMMetadata: metadata, AssignedTime: instantAt(3) },
    '10.0.1.12': { Address: '10.0.1.12', IPAMMetadata: {}, AssignedTime: '0001-01-01T00:00:00Z' },
  };
  const eni = {
    ID: 'eni-1p',
    IsPrimary: true,
    AvailableIPv4Cidrs: { '10.0.1.11/32': { IPAddresses: address } },
    IPv6Cidrs: {},
  };
  const flat = { TotalIPs: 2, AssignedIPs: 1, ENIs: { 'eni-1p': eni } };

  test.each([
    [
      'checkpoint',
      JSON.parse(`{"version":"vpc-cni-ipam/1","allocations":[{"networkName":"aws-cni","containerID":"c1",
      "ifName":"eth0",
      "ipv4":"10.0.1.11","allocationTimestamp":${T0 + 3}123456789,"metadata":${JSON.stringify(metadata)}}]}`),
    ],
    ['introspection by network card', { 0: flat, 1: { TotalIPs: 0, AssignedIPs: 0, ENIs: {} } }],
    ['introspection before multi-NIC', flat],
    [
      'introspection of old versions',
      { TotalIPs: 2, AssignedIPs: 1, ENIIPPools: { 'eni-1p': { IPv4Addresses: address } } },
    ],
  ])('%s', (_, document) => {
    const loaded = load(document);
    expect(told(only(loaded).pods)).toEqual(['web-7d9f8b-aaaaa 10.0.1.11 3 3 + +']);
    expect(warningsOf(loaded)).toEqual([]);
  });
});

describe('several sources', () => {
  test('the most trusted that knows start or end decides; the rest is reported when it cannot be', async () => {
    const header = 'ip,namespace,pod,node,workload,start,end';
    const csv = `${header}\n10.0.1.11,shop,${WEB.name},n1,Deployment/web,${T0 - 500},${T0 + 290}\n`;
    const prometheus = matrix([series({ uid: 'u1', pod: WEB.name, pod_ip: '10.0.1.11' }, 30, 300)]);
    const checkpoint = {
      version: 'vpc-cni-ipam/1',
      allocations: [
        {
          ipv4: '10.0.1.11',
          allocationTimestamp: String((T0 + 1) * 1e9),
          metadata: { k8sPodNamespace: 'shop', k8sPodName: WEB.name },
        },
      ],
    };
    const loaded = await loadFiles({
      'a.csv': csv,
      'audit.log': lines(WEB_LIFE),
      'm.json': JSON.stringify(prometheus),
      'ipam.json': JSON.stringify(checkpoint),
    });
    const { pods } = only(loaded);
    expect(told(pods)).toEqual(['web-7d9f8b-aaaaa 10.0.1.11 1 1 300 300']);
    expect(pods[0]).toMatchObject({
      sources: ['ipamd', 'audit', 'csv', 'metrics'],
      uid: 'u1',
      workload: 'Deployment/web',
    });
    expect(warningsOf(loaded)).toEqual([
      expect.stringMatching(
        /csv says that it held 10\.0\.1\.11 from 2026-01-15T09:51:40Z, ipamd from 2026-01-15T10:00:01Z/,
      ),
    ]);
  });

  test('lists at several times: between the last with a pod and the next without it may have gone', () => {
    const list = (...items: object[]) => ({ kind: 'PodList', items });
    const files = [
      [
        '2026-01-15T10:00:00Z',
        list(podObject(WEB, '10.0.1.11', { start: -50 }), podObject(REDIS, '10.0.2.70', { start: -9 })),
      ],
      ['2026-01-15T10:10:00Z', list(podObject(REDIS, '10.0.2.70', { start: -9 }))],
      [
        '2026-01-15T10:20:00Z',
        list(podObject(CART, '10.0.1.11', { start: 900 }), podObject(REDIS, '10.0.2.70', { start: -9 })),
      ],
    ] as const;
    const folder = mkdtempSync(join(root, 'lists-'));
    return (async () => {
      const { mkdirSync } = await import('node:fs');
      for (const [name, content] of files) {
        mkdirSync(join(folder, name));
        writeFileSync(join(folder, name, 'pods.json'), JSON.stringify(content));
      }
      const loaded = await loadInventory(folder);
      for (const { pods } of loaded.versions) {
        expect(told(pods)).toEqual([
          'cart-66c4d-bbbbb 10.0.1.11 900 900 + +',
          'redis-0 10.0.2.70 -9 -9 + +',
          'web-7d9f8b-aaaaa 10.0.1.11 -50 -50 0 600',
        ]);
      }
    })();
  });
});
