import { describe, expect, it } from 'vitest';
import { dotted } from '../../../src/synthetic/addresses.ts';
import { generateWorld } from '../../../src/synthetic/cluster.ts';
import { defaultNodes, formatFields } from '../../../src/synthetic/options.ts';
import { FOREVER, podName, type World } from '../../../src/synthetic/world.ts';
import { SMALL_WORLD } from './sample.ts';

const world = generateWorld(SMALL_WORLD);
const lives = (of: World): number[] => Array.from({ length: of.lives.count }, (_, life) => life);
const hasOwnAddress = (of: World, life: number): boolean =>
  of.workloads[of.lives.workload[life] ?? -1]?.hostNetwork === false;

describe('generateWorld', () => {
  it('is pure: equal options, equal world; another seed, another world', () => {
    expect(generateWorld(SMALL_WORLD)).toEqual(world);
    expect(generateWorld({ ...SMALL_WORLD, seed: 8 }).ids.vpc).not.toBe(world.ids.vpc);
  });

  it('has the pods that were asked for, at every second of the span', () => {
    for (const second of [world.startSeconds, (world.startSeconds + world.endSeconds) / 2, world.endSeconds - 1]) {
      const alive = lives(world).filter(
        (l) => hasOwnAddress(world, l) && (world.lives.start[l] ?? 0) <= second && (world.lives.end[l] ?? 0) > second,
      );
      // a replica is without a pod for up to 20 s between two of them
      expect(alive.length).toBeGreaterThan(SMALL_WORLD.pods * 0.95);
      expect(alive.length).toBeLessThanOrEqual(SMALL_WORLD.pods);
    }
  });

  it.each([[world], [generateWorld({ seed: 3, nodes: 40, pods: 900, hours: 6 })]])(
    'gives an address to one pod at a time, 30 s apart',
    (of) => {
      const byAddress = new Map<number, [number, number][]>();
      for (const life of lives(of)) {
        if (!hasOwnAddress(of, life)) continue;
        const at = byAddress.get(of.lives.address[life] ?? 0) ?? [];
        at.push([of.lives.start[life] ?? 0, of.lives.end[life] ?? 0]);
        byAddress.set(of.lives.address[life] ?? 0, at);
      }
      let reused = 0;
      for (const spans of byAddress.values()) {
        spans.sort((a, b) => a[0] - b[0]);
        for (const [i, [start, end]] of spans.entries()) {
          expect(end).toBeGreaterThan(start);
          const before = spans[i - 1];
          if (before === undefined) continue;
          reused++;
          expect(start - before[1]).toBeGreaterThanOrEqual(30);
        }
      }
      expect(reused).toBeGreaterThan(20);
    },
  );

  it('puts every pod on an address of its interface, and every interface in its subnet', () => {
    for (const life of lives(world)) {
      const eni = world.enis[world.lives.eni[life] ?? -1];
      const address = world.lives.address[life] ?? 0;
      const prefix = eni?.prefixes.some((base) => address >= base && address < base + 16) === true;
      const branch = eni?.interfaceType === 'branch' && eni.primary === address;
      const listed = prefix || branch || eni?.secondary.includes(address) === true;
      expect(listed, dotted(address)).toBe(hasOwnAddress(world, life));
    }
    const addresses = world.enis.flatMap((eni) => [
      eni.primary,
      ...eni.secondary,
      ...eni.prefixes.flatMap((base) => Array.from({ length: 16 }, (_, i) => base + i)),
    ]);
    expect(new Set(addresses).size).toBe(addresses.length);
    for (const eni of world.enis) {
      const { base = 0, length = 0 } = world.subnets[eni.subnet]?.block ?? {};
      for (const address of [eni.primary, ...eni.secondary, ...eni.prefixes]) {
        expect(address - base).toBeGreaterThanOrEqual(4);
        expect(address - base).toBeLessThan(2 ** (32 - length) - 1);
      }
    }
  });

  it('has nodes of each mode, pods on branch interfaces, and pods of each kind of workload', () => {
    expect(new Set(world.nodes.map((node) => node.mode))).toEqual(new Set(['trunk', 'custom', 'prefix', 'secondary']));
    expect(world.enis.some((eni) => eni.interfaceType === 'branch')).toBe(true);
    expect(new Set(world.workloads.map((workload) => workload.kind))).toEqual(
      new Set(['Deployment', 'StatefulSet', 'Job', 'DaemonSet']),
    );
  });

  it('names no two living pods of a namespace alike', () => {
    const names = lives(world)
      .filter((life) => world.lives.end[life] === FOREVER)
      .map((life) => `${world.workloads[world.lives.workload[life] ?? -1]?.namespace}/${podName(world, life)}`);
    expect(new Set(names).size).toBe(names.length);
  });

  it('grows to 100,000 pods and shrinks to one', { timeout: 120_000 }, () => {
    const pods = 100_000;
    const big = generateWorld({ seed: 1, pods, nodes: defaultNodes(pods), hours: 1 });
    expect(
      lives(big).filter((life) => big.lives.end[life] === FOREVER && hasOwnAddress(big, life)).length,
    ).toBeGreaterThan(pods * 0.99);
    expect(generateWorld({ seed: 1, pods: 1, nodes: 1, hours: 1 }).nodes.length).toBe(1);
  });

  it('refuses what could not exist, naming the flag', () => {
    expect(() => generateWorld({ ...SMALL_WORLD, nodes: 1, pods: 1000 })).toThrow(
      '--nodes: 1000 pods need at least 4 nodes, got 1',
    );
  });
});

describe('formatFields', () => {
  it('knows v2, v5 and AWS’s own syntax', () => {
    expect(formatFields('v2').length).toBe(14);
    expect(formatFields('v5').length).toBe(29);
    expect(formatFields('${srcaddr} ${pkt-dstaddr}')).toEqual(['srcaddr', 'pkt-dstaddr']);
  });

  it.each([['v6'], ['${nosuch}'], ['${action} ${action}'], ['']])('refuses %j', (text) => {
    expect(() => formatFields(text)).toThrow('--format: ');
  });
});
