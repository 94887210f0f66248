import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseCidr } from '../../../src/model/ip.ts';
import { dotted } from '../../../src/synthetic/addresses.ts';
import { formatFields } from '../../../src/synthetic/options.ts';
import { pairs, type Sample, sample } from './sample.ts';

const TIMEOUT_MS = 60_000;

function digest({ files }: Sample): string {
  const hash = createHash('sha256');
  for (const [path, bytes] of files) hash.update(path).update(bytes);
  return hash.digest('hex');
}

describe('equal options give equal bytes', () => {
  it('writes every file twice alike', { timeout: TIMEOUT_MS }, async () => {
    expect(digest(await sample())).toBe(digest(await sample()));
  });

  it('keeps the bytes of a known seed on every machine', { timeout: TIMEOUT_MS }, async () => {
    // plain files: compressed bytes may differ between versions of zlib
    const made = await sample(
      { seed: 42, nodes: 5, pods: 40 },
      { records: 3000, gzip: false, fields: formatFields('v5') },
    );
    expect(digest(made)).toMatchInlineSnapshot(`"5c3f42e4de5c5b9a0c6632872eea1f5c732b577fa8b320948cb6a6c1da6ce7f8"`);
  });

  it('changes with the seed', { timeout: TIMEOUT_MS }, async () => {
    expect(digest(await sample({ seed: 8 }, { records: 100 }))).not.toBe(digest(await sample({}, { records: 100 })));
  });
});

describe('logs and truth', () => {
  let v2: Sample;
  let v5: Sample;
  beforeAll(async () => {
    v2 = await sample();
    v5 = await sample({}, { fields: formatFields('v5'), gzip: false });
  }, TIMEOUT_MS);

  it('counts: lines, files, shares', () => {
    for (const { logs, truth, summary } of [v2, v5]) {
      expect(truth.length).toBe(20_000);
      expect([...logs.values()].reduce((sum, rows) => sum + rows.length, 0)).toBe(20_000);
      expect(logs.size).toBe(12);
      expect(summary).toMatchObject({ lines: 20_000, files: 12 });
      expect(truth.filter((row) => row.expected === 'deny').length).toBe(summary.denied);
      expect(summary.denied / 20_000).toBeCloseTo(0.04, 2);
      expect(truth.filter((row) => row.drift === '1').length).toBe(summary.drifts);
      expect(summary.drifts / 20_000).toBeCloseTo(0.002, 3);
      expect(truth.filter((row) => row.status !== 'ok').length).toBe(summary.silent);
      expect(summary.silent).toBeGreaterThan(20);
    }
  });

  it('names files as AWS does, in the order of their time', () => {
    const names = [...v2.logs.keys()];
    for (const name of names)
      expect(name).toMatch(/^123456789012_vpcflowlogs_us-east-1_fl-[0-9a-f]{17}_\d{8}T\d{4}Z_[0-9a-f]{8}\.log\.gz$/);
    expect([...names].sort()).toEqual([...new Set(v2.truth.map((row) => row.file))]);
  });

  it('has more files than windows when asked, none of them empty', { timeout: TIMEOUT_MS }, async () => {
    const many = await sample({}, { files: 200, records: 2000 });
    expect([...many.logs.values()].map((rows) => rows.length)).toEqual(new Array<number>(200).fill(10));
  });

  it('observed equals expected unless the row is drift, and the line says what the truth says it says', () => {
    const differences = [...pairs(v2), ...pairs(v5)].filter(({ row, record }) => {
      if (record['interface-id'] !== row.eni) return true;
      if (row.status !== 'ok') {
        return record.srcaddr !== '-' || record.action !== '-' || record['log-status'] !== row.status?.toUpperCase();
      }
      const agrees = (row.observed === 'ACCEPT') === (row.expected === 'allow');
      return (
        record.action !== row.observed ||
        agrees !== (row.drift === '0') ||
        (row.layer === 'none') !== (row.expected === 'allow')
      );
    });
    expect(differences).toEqual([]);
  });

  it('drifts both ways', () => {
    for (const { truth } of [v2, v5]) {
      const ways = new Set(truth.filter((row) => row.drift === '1').map((row) => `${row.observed} ${row.expected}`));
      expect(ways).toEqual(new Set(['ACCEPT deny', 'REJECT allow']));
    }
  });

  it('denies by each layer, and replies as well as requests', () => {
    const ways = new Set(
      v2.truth.filter((row) => row.expected === 'deny').map((row) => `${row.layer} ${row.direction} ${row.role}`),
    );
    expect([...ways].sort()).toEqual([
      'nacl egress reply',
      'nacl egress request',
      'nacl ingress reply',
      'nacl ingress request',
      'sg egress request',
      'sg ingress request',
    ]);
  });

  it('v2 shows the interface in place of its own pod, v5 beside it', () => {
    const enis = new Map(v2.world.enis.map((eni) => [eni.id, eni]));
    let hidden = 0;
    const differences = [...pairs(v2), ...pairs(v5)].filter(({ row, record }) => {
      if (row.status !== 'ok') return false;
      const [local, remote] = row.direction === 'egress' ? (['src', 'dst'] as const) : (['dst', 'src'] as const);
      const eni = enis.get(row.eni ?? '');
      if (eni === undefined || record[`${local}addr`] !== dotted(eni.primary)) return true;
      if (record[`${remote}addr`] !== row[`${remote}_addr`]) return true;
      if (record['pkt-srcaddr'] !== undefined) {
        const shown = record['pkt-srcaddr'] === row.src_addr && record['pkt-dstaddr'] === row.dst_addr;
        return !shown || record['flow-direction'] !== row.direction || row.visible !== 'both';
      }
      if (row[`${local}_pod`] === '' || eni.interfaceType === 'branch') return false;
      // a hostNetwork pod has the interface's own address
      if (row[`${local}_addr`] === dotted(eni.primary)) return false;
      hidden++;
      return row.visible !== remote;
    });
    expect(differences).toEqual([]);
    expect(hidden).toBeGreaterThan(5000);
  });

  it('keeps every record within the lives of its pods', () => {
    const spans = new Map<string, { start: number; end: number }[]>();
    for (const { namespace, name, start, end } of podIntervals(v5)) {
      const key = `${namespace}/${name}`;
      spans.set(key, [...(spans.get(key) ?? []), { start, end }]);
    }
    const outside = pairs(v5).filter(({ row, record }) =>
      [row.src_pod ?? '', row.dst_pod ?? ''].some((pod) => {
        const [from, to] = [Number(record.start), Number(record.end)];
        return (
          pod !== '' && (from >= to || spans.get(pod)?.some(({ start, end }) => start <= from && to <= end) !== true)
        );
      }),
    );
    expect(outside).toEqual([]);
  });

  it('logs TCP flags of long connections as 0 in the middle', () => {
    const flags = new Set(pairs(v5).map(({ record }) => record['tcp-flags']));
    for (const value of ['0', '1', '2', '3', '18', '19']) expect(flags).toContain(value);
  });

  it('writes inventory documents that parse, with every id they refer to', () => {
    const list = (key: string): Record<string, unknown>[] =>
      v2.documents.flatMap(({ content }) => {
        const found =
          typeof content === 'object' && content !== null
            ? Object.entries(content).find(([name]) => name === key)?.[1]
            : undefined;
        return Array.isArray(found) ? found : [];
      });
    const subnets = new Set(list('Subnets').map((subnet) => subnet.SubnetId));
    const groups = new Set(list('SecurityGroups').map((group) => group.GroupId));
    expect(list('NetworkInterfaces').length).toBe(v2.world.enis.length);
    for (const eni of list('NetworkInterfaces')) {
      expect(subnets).toContain(eni.SubnetId);
      for (const group of eni.Groups as { GroupId: string }[]) expect(groups).toContain(group.GroupId);
    }
    for (const subnet of list('Subnets')) expect(parseCidr(String(subnet.CidrBlock))).toBeDefined();
    for (const key of [
      'Vpcs',
      'NetworkAcls',
      'RouteTables',
      'PrefixLists',
      'ManagedPrefixLists',
      'Entries',
      'NatGateways',
      'VpcEndpoints',
      'Listeners',
      'LoadBalancers',
    ]) {
      expect(list(key), key).not.toEqual([]);
    }
    expect(list('items').length).toBeGreaterThan(160);
  });
});

interface Interval {
  readonly namespace: string;
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** Intervals of all pods as the inventory tells them: the pod list and the history. */
function podIntervals({ documents }: Sample): Interval[] {
  const seconds = (text: string | undefined): number =>
    text === undefined ? Number.POSITIVE_INFINITY : Date.parse(text) / 1000;
  return documents.flatMap(({ file, content }): Interval[] => {
    if (file === 'pod-history.csv' && typeof content === 'string') {
      return content
        .trimEnd()
        .split('\n')
        .slice(1)
        .map((line) => line.split(','))
        .map(([, namespace = '', name = '', , , start, end]) => ({
          namespace,
          name,
          start: seconds(start),
          end: seconds(end),
        }));
    }
    if (file !== 'kubectl-get-pods.json') return [];
    const { items } = content as { items: KubectlPod[] };
    return items.map(({ metadata, status }) => ({
      ...metadata,
      start: seconds(status.startTime),
      end: seconds(status.containerStatuses[0]?.state.terminated?.finishedAt),
    }));
  });
}

interface KubectlPod {
  readonly metadata: { readonly namespace: string; readonly name: string };
  readonly status: {
    readonly startTime: string;
    readonly containerStatuses: readonly {
      readonly state: { readonly terminated?: { readonly finishedAt: string } };
    }[];
  };
}
