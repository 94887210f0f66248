import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { NetworkInterface, PodInterval, Vpc } from '../../src/inventory/inventory.ts';
import { formatAddress } from '../../src/model/ip.ts';
import { hasPodsOnInterface } from '../../src/pods/lookup.ts';
import { InterfacePodLists, podsOnInterface } from '../../src/pods/on-interface.ts';
import { eni, vpc } from '../support/inventory.ts';
import { type Answer, askPodMap, pod } from '../support/pods.ts';

const SEED = 20_260_115;
const RUNS = 1_000;

/** Two VPCs share 100.64.0.0/16, a third has it only in its interfaces; few addresses and seconds: much collides. */
const VPCS: readonly Vpc[] = [
  vpc('vpc-a', ['10.0.0.0/16', '100.64.0.0/16', 'fd00:1::/56']),
  vpc('vpc-b', ['100.64.0.0/16', 'fd00:1::/56']),
];
const VPC_IDS = ['vpc-a', 'vpc-b', 'vpc-z'] as const;
const PREFIX4 = ['100.64.0.16/30', '10.0.0.16/31'] as const;
const PREFIX6 = ['fd00:1:0:2::/80', 'fd00:1:0:2::/112'] as const;
const ADDRESSES = [
  ...['100.64.0.1', '100.64.0.2', '100.64.0.16', '100.64.0.19', '10.0.0.1', '10.0.0.17', '192.0.2.1'],
  ...['fd00:1::1', 'fd00:1:0:2::1', 'fd00:1:0:2:0:1::', 'fd00:2::1'],
] as const;
const SECONDS = 40;

/** Written out by hand: the addresses above that each prefix contains. */
const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  '100.64.0.16/30': ['100.64.0.16', '100.64.0.19'],
  '10.0.0.16/31': ['10.0.0.17'],
  'fd00:1:0:2::/80': ['fd00:1:0:2::1', 'fd00:1:0:2:0:1::'],
  'fd00:1:0:2::/112': ['fd00:1:0:2::1'],
};
const INSIDE: Readonly<Record<string, readonly string[]>> = {
  'vpc-a': ADDRESSES.filter((text) => !['192.0.2.1', 'fd00:2::1'].includes(text)),
  'vpc-b': ADDRESSES.filter((text) => text.startsWith('100.64.') || text.startsWith('fd00:1:')),
};

const interfaces = fc
  .array(
    fc.record({
      vpcId: fc.constantFrom(...VPC_IDS),
      singles: fc.uniqueArray(fc.constantFrom(...ADDRESSES), { maxLength: 3 }),
      prefixes: fc.uniqueArray(fc.constantFrom(...PREFIX4, ...PREFIX6), { maxLength: 2 }),
    }),
    { maxLength: 4 },
  )
  .map((rows) =>
    rows.map(({ vpcId, singles, prefixes }, i) => eni(`eni-${i}`, [...singles, ...prefixes], [], { vpcId })),
  );

const second = fc.integer({ min: 0, max: SECONDS });
const pods = fc
  .array(
    fc.record({
      at: fc.constantFrom(...ADDRESSES),
      vpcId: fc.constantFrom(...VPC_IDS, null),
      start: fc.oneof({ weight: 6, arbitrary: second }, fc.constant(Number.NEGATIVE_INFINITY)),
      length: fc.oneof(
        { weight: 6, arbitrary: fc.integer({ min: 1, max: 30 }) },
        fc.constant(Number.POSITIVE_INFINITY),
      ),
    }),
    { maxLength: 12 },
  )
  .map((rows) =>
    rows.map(({ at, vpcId, start, length }, i) => {
      const end = Math.max(start, 0) + length;
      return pod(`ns/p${String(i).padStart(2, '0')}`, at, start, end, { vpcId, uid: `u${i}` });
    }),
  );

const query = fc.record({
  from: fc.constantFrom('vpc-a', 'vpc-b', null),
  at: fc.constantFrom(...ADDRESSES),
  start: second,
  end: second,
});

/** The same from maps and arrays, second by second. */
class Naive {
  readonly enis: readonly NetworkInterface[];
  readonly pods: readonly PodInterval[];

  constructor(enis: readonly NetworkInterface[], allPods: readonly PodInterval[]) {
    this.enis = enis;
    this.pods = allPods.flatMap((one) => {
      const vpcId = one.vpcId ?? this.#vpcByAddress(enis, formatAddress(one.address));
      return vpcId === null ? [] : { ...one, vpcId };
    });
  }

  #vpcByAddress(enis: readonly NetworkInterface[], at: string): string | null {
    const holding = new Set(enis.filter((one) => claims(one, at) > 0).map((one) => one.vpcId));
    const inside = Object.keys(INSIDE).filter((id) => INSIDE[id]?.includes(at));
    const vpcs = holding.size > 0 ? [...holding] : inside;
    return vpcs.length === 1 ? (vpcs[0] ?? null) : null;
  }

  at(vpcId: string, at: string): PodInterval[] {
    return this.pods.filter((one) => one.vpcId === vpcId && formatAddress(one.address) === at);
  }

  /** The one interface with the most specific claim; several with the same are nobody. */
  owner(vpcId: string, at: string): string | null {
    const ranked = this.enis.filter((one) => one.vpcId === vpcId).map((one) => ({ id: one.id, rank: claims(one, at) }));
    const best = Math.max(0, ...ranked.map(({ rank }) => rank));
    const ids = ranked.filter(({ rank }) => rank > 0 && rank === best).map(({ id }) => id);
    return ids.length === 1 ? (ids[0] ?? null) : null;
  }

  /** Inside its own CIDRs only the VPC itself holds an address; outside, the one VPC of all that does. */
  home(from: string | null, at: string): string | null {
    const holding = VPC_IDS.filter((id) => {
      return this.at(id, at).length > 0 || this.enis.some((one) => one.vpcId === id && claims(one, at) > 0);
    });
    if (from !== null && holding.some((id) => id === from)) return from;
    if (from !== null && INSIDE[from]?.includes(at) === true) return null;
    const [only] = holding;
    if (only === undefined || holding.length > 1) return null;
    // another VPC that has the block may have an interface there that nobody described
    const shared = Object.keys(INSIDE).some((id) => id !== only && INSIDE[id]?.includes(at) === true);
    return shared ? null : only;
  }

  ask(from: string | null, at: string, first: number, last: number): Answer {
    const none: Answer = { eni: null, pod: null, uid: null, attribution: 'none', candidates: [] };
    const home = this.home(from, at);
    if (home === null) return none;
    const [start, end] = [Math.min(first, last), Math.max(first, last, Math.min(first, last) + 1)];
    const here = this.at(home, at).sort((a, b) => clamp(a) - clamp(b) || a.endSeconds - b.endSeconds);
    const cutOf = (one: PodInterval): number =>
      Math.min(one.endSeconds, ...here.map(clamp).filter((other) => other > clamp(one)));
    const seconds = here.map((one) => {
      const cut = cutOf(one);
      let count = 0;
      for (let s = start; s < end; s++) if (s >= one.startSeconds && s < cut) count++;
      return { one, count };
    });
    const total = seconds.reduce((sum, { count }) => sum + count, 0);
    const top = seconds.reduce<(typeof seconds)[number] | null>((a, b) => (b.count > (a?.count ?? 0) ? b : a), null);
    const eniId = this.owner(home, at);
    if (top === null) {
      const near = here.filter((one) => one.startSeconds < end + 5 && cutOf(one) > start - 60);
      const candidates = near.map(({ name }) => `ns/${name}`).sort();
      return { ...none, eni: eniId, attribution: near.length > 0 ? 'candidates' : 'none', candidates };
    }
    const isExact = top.count === end - start && total === top.count;
    return {
      eni: eniId,
      pod: `ns/${top.one.name}`,
      uid: top.one.uid,
      attribution: isExact ? 'exact' : top.count / total >= 0.9 ? 'inferred' : 'candidates',
      candidates: seconds.flatMap(({ one, count }) => (count > 0 ? `ns/${one.name}` : [])).sort(),
    };
  }
}

function clamp(one: PodInterval): number {
  return Math.max(0, one.startSeconds);
}

/** 200 for a single address (or one of an expanded IPv4 prefix), else the longest prefix that contains it; 0 = none. */
function claims(one: NetworkInterface, at: string): number {
  const singles = one.primary === null ? one.secondary : [one.primary, ...one.secondary];
  const single = singles.some((address) => formatAddress(address) === at) ? 200 : 0;
  const prefixes = one.prefixes.map((cidr) => {
    const text = `${formatAddress(cidr)}/${cidr.length}`;
    return MEMBERS[text]?.includes(at) === true ? (cidr.family === 4 ? 200 : cidr.length) : 0;
  });
  return Math.max(single, ...prefixes);
}

test(`the pod map answers as maps and arrays do, second by second (seed ${SEED})`, () => {
  fc.assert(
    fc.property(interfaces, pods, fc.array(query, { minLength: 20, maxLength: 20 }), (enis, all, queries) => {
      const asked = askPodMap({ vpcs: VPCS, networkInterfaces: enis, pods: all });
      const naive = new Naive(enis, all);
      for (const { from, at, start, end } of queries) {
        expect(asked.ask(from, at, start, end), `${at} from ${from}, ${start}–${end}`).toEqual(
          naive.ask(from, at, start, end),
        );
      }
      const lists = new InterfacePodLists(asked.view);
      for (const { start, end } of queries) {
        enis.forEach((_, e) => {
          const { pods: there } = podsOnInterface(asked.view, e, start, end);
          expect(hasPodsOnInterface(asked.view, e, start, end)).toBe(there.length > 0);
          expect(lists.of(e, start, end), `interface ${e}, ${start}–${end}`).toEqual(there);
        });
      }
    }),
    { seed: SEED, numRuns: RUNS },
  );
});
