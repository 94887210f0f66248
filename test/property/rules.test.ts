import fc from 'fast-check';
import { expect, test } from 'vitest';
import type {
  Inventory,
  NetworkInterface,
  Peer,
  Route,
  SecurityGroupRule,
  Selector,
} from '../../src/inventory/inventory.ts';
import type { Address, Cidr } from '../../src/model/ip.ts';
import { formatAddress, formatCidr } from '../../src/model/ip.ts';
import { compileRules } from '../../src/rules/compile.ts';
import { EniSet } from '../../src/rules/view.ts';
import {
  cidr,
  eni,
  inventory,
  networkAcl,
  ORIGIN,
  prefixList,
  routeTable,
  securityGroup,
  subnet,
  vpc,
} from '../support/inventory.ts';
import { judgeNetworkAcl, judgeRoute, judgeSecurityGroups } from '../support/rules-oracle.ts';
import { askRules } from '../support/rules-view.ts';

/** Deterministic numbers of one seed: a failing seed is a failing universe. */
class Dice {
  private state: number;
  constructor(seed: number) {
    this.state = seed | 0;
  }
  below(n: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % n;
  }
  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('nothing to pick');
    return item;
  }
  chance(percent: number): boolean {
    return this.below(100) < percent;
  }
  shuffle<T>(items: readonly T[]): T[] {
    const out = [...items];
    for (let i = out.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [out[i], out[j]] = [out[j] as T, out[i] as T];
    }
    return out;
  }
}

/** Addresses cluster in few blocks so that prefixes nest and touch; the ends of the address space are included. */
function someAddress(dice: Dice): Address {
  if (dice.chance(60)) {
    const bases = [0x0a00_0000, 0x0a00_ff00, 0x0a01_0000, 0xc0a8_0000, 0, 0xffff_ff00, 0xa9fe_a900];
    return { family: 4, words: [(dice.pick(bases) + dice.below(300)) >>> 0] };
  }
  const top = dice.pick([0x2001_0db8, 0xfd00_0ec2, 0, 0xffff_ffff]);
  const second = dice.pick([0, 0x000a_0000, 0x000a_0001, 0xffff_ffff]);
  return {
    family: 6,
    words: [
      top,
      second,
      dice.pick([0, 0xffff_ffff, dice.below(16) << 12]) >>> 0,
      dice.pick([0, 0xffff_ffff, dice.below(40)]),
    ],
  };
}

const LENGTHS4 = [0, 0, 0, 1, 7, 8, 8, 16, 15, 16, 17, 23, 24, 25, 27, 28, 30, 31, 32, 32];
const LENGTHS6 = [0, 0, 0, 1, 16, 32, 15, 16, 17, 32, 47, 48, 56, 63, 64, 65, 80, 96, 112, 126, 127, 128, 128];

function someCidr(dice: Dice): Cidr {
  const address = someAddress(dice);
  return cidr(`${formatAddress(address)}/${dice.pick(address.family === 4 ? LENGTHS4 : LENGTHS6)}`);
}

const PORTS = [0, 1, 22, 79, 80, 81, 443, 1023, 1024, 8080, 30000, 32767, 65534, 65535];

function someSelector(dice: Dice): Selector {
  const protocol = dice.pick([-1, -1, 6, 6, 6, 6, 17, 17, 17, 1, 58, 47, 0, 255]);
  const [from = 0, to = 0] = [dice.pick(PORTS), dice.pick(PORTS)].sort((a, b) => a - b);
  const icmpType = dice.chance(50) ? dice.below(9) : null;
  return {
    protocol,
    ports: dice.chance(40) ? null : dice.chance(8) ? { from: to, to: from } : { from, to },
    icmpType,
    icmpCode: icmpType !== null && dice.chance(50) ? 0 : null,
    valid: !dice.chance(4),
  };
}

function somePeer(dice: Dice): Peer {
  const roll = dice.below(100);
  if (roll < 50) return { kind: 'cidr', cidr: someCidr(dice) };
  if (roll < 65)
    return { kind: 'prefix-list', id: dice.pick(['pl-0', 'pl-1', 'pl-2', 'pl-unknown', 'pl-six', 'pl-absent']) };
  return {
    kind: 'group',
    id: dice.pick(['sg-0', 'sg-1', 'sg-2', 'sg-3', 'sg-bare', 'sg-gone']),
    ownerId: dice.pick([null, '111111111111', '222222222222']),
    peeringStatus: dice.pick([null, null, 'active', 'deleted']),
    peeringId: null,
  };
}

function someRules(dice: Dice, groupId: string): SecurityGroupRule[] {
  return Array.from({ length: dice.below(18) }, (_, i) => ({
    id: `sgr-${dice.below(1000)}-${groupId}-${i}`,
    groupId,
    egress: dice.chance(40),
    selector: someSelector(dice),
    peer: somePeer(dice),
    origin: ORIGIN,
  }));
}

function someRoute(dice: Dice): Route {
  const isList = dice.chance(20);
  const kind = dice.pick(['igw', 'nat', 'pcx', 'blackhole', 'eni', 'vgw'] as const);
  const list = {
    kind: 'prefix-list',
    id: dice.pick(['pl-0', 'pl-1', 'pl-1', 'pl-2', dice.chance(15) ? 'pl-six' : 'pl-0']),
  } as const;
  return {
    destination: isList ? list : { kind: 'cidr', cidr: someCidr(dice) },
    kind,
    target: `${kind}-${dice.below(2)}`,
    origin: !isList && dice.chance(30) ? 'propagated' : 'static',
    source: ORIGIN,
  };
}

function someInterface(dice: Dice, index: number): NetworkInterface {
  const own = Array.from({ length: 1 + dice.below(4) }, () => {
    const address = someAddress(dice);
    if (dice.chance(75)) return formatAddress(address);
    return formatCidr(cidr(`${formatAddress(address)}/${address.family === 4 ? 28 : 80}`));
  });
  const groups = dice.chance(6)
    ? null
    : ['sg-0', 'sg-1', 'sg-2', 'sg-3', 'sg-bare'].filter((id) => dice.chance(id === 'sg-bare' ? 10 : 40));
  return eni(`eni-${index}`, own, groups, {
    vpcId: dice.pick(['vpc-a', 'vpc-a', 'vpc-b']),
    subnetId: dice.pick(['subnet-0', 'subnet-1', 'subnet-2', 'subnet-2', 'subnet-3']),
  });
}

function someInventory(dice: Dice): Inventory {
  const entryRow = (): ReturnType<typeof networkAcl>['entries'][number] => {
    const egress = dice.chance(50);
    const number = 1 + dice.below(200);
    return {
      id: `acl/${egress ? 'egress' : 'ingress'}/${number}`,
      number,
      egress,
      allow: dice.chance(60),
      selector: someSelector(dice),
      cidr: someCidr(dice),
      origin: ORIGIN,
    };
  };
  const acl = (id: string, subnetIds: readonly string[], isDefault: boolean): ReturnType<typeof networkAcl> => {
    const rows = Array.from({ length: dice.below(10) }, entryRow);
    const distinct = new Map(rows.map((e) => [e.id, { ...e, id: e.id.replace('acl', id) }]));
    const star = dice.chance(50)
      ? networkAcl(
          id,
          [],
          [
            [32767, 'in', 'deny', 'all', '0.0.0.0/0'],
            [32768, 'in', 'deny', 'all', '::/0'],
          ],
        ).entries
      : [];
    return { ...networkAcl(id, subnetIds, []), isDefault, entries: [...star, ...distinct.values()] };
  };
  const table = (id: string, subnetIds: readonly string[], main: boolean): ReturnType<typeof routeTable> => {
    const routes = Array.from({ length: dice.below(12) }, () => someRoute(dice));
    const local = routeTable(
      id,
      subnetIds,
      [
        ['10.0.0.0/16', 'local', null],
        ['2001:db8:a::/48', 'local', null],
      ],
      { main },
    );
    return { ...local, routes: dice.shuffle([...local.routes, ...routes]) };
  };
  const group = (id: string): ReturnType<typeof securityGroup> => ({
    ...securityGroup(id, []),
    rules: someRules(dice, id),
  });
  return inventory({
    vpcs: [vpc('vpc-a', ['10.0.0.0/16', '2001:db8:a::/48']), vpc('vpc-b', ['10.1.0.0/16', '10.0.255.0/24'])],
    subnets: ['subnet-0', 'subnet-1', 'subnet-2', 'subnet-3'].map((id) =>
      subnet(id, 'vpc-a', 'use1-az1', ['10.0.0.0/24']),
    ),
    networkInterfaces: Array.from({ length: 3 + dice.below(8) }, (_, i) => someInterface(dice, i))
      .map((e) => ({ ...e, vpcId: e.subnetId === 'subnet-2' ? e.vpcId : 'vpc-a' }))
      .map((e) => (e.vpcId === 'vpc-b' ? { ...e, subnetId: 'subnet-b' } : e)),
    securityGroups: ['sg-0', 'sg-1', 'sg-2', 'sg-3'].filter(() => dice.chance(95)).map(group),
    networkAcls: [acl('acl-0', ['subnet-0'], true), acl('acl-1', ['subnet-1', 'subnet-2'], false)],
    routeTables: [table('rtb-0', ['subnet-0'], true), table('rtb-1', ['subnet-1'], false)],
    prefixLists: [
      ...['pl-0', 'pl-1', 'pl-2'].map((id) => ({
        ...prefixList(id, []),
        cidrs: Array.from({ length: dice.below(6) }, () => someCidr(dice)),
      })),
      prefixList('pl-six', null, 6),
      prefixList('pl-unknown', null, null),
    ],
  });
}

/** First and last address of every prefix in the inventory and their neighbours, and some anywhere. */
function probes(dice: Dice, world: Inventory): Address[] {
  const cidrs: Cidr[] = [
    ...world.securityGroups.flatMap((g) => g.rules.flatMap((r) => (r.peer.kind === 'cidr' ? r.peer.cidr : []))),
    ...world.networkAcls.flatMap((a) => a.entries.map((e) => e.cidr)),
    ...world.routeTables.flatMap((t) =>
      t.routes.flatMap((r) => (r.destination.kind === 'cidr' ? r.destination.cidr : [])),
    ),
    ...world.prefixLists.flatMap((l) => l.cidrs ?? []),
    ...world.networkInterfaces.flatMap((e) => [
      ...e.prefixes,
      ...[e.primary, ...e.secondary].flatMap((a) =>
        a === null ? [] : cidr(`${formatAddress(a)}/${a.family === 4 ? 32 : 128}`),
      ),
    ]),
  ];
  const edges = cidrs.flatMap((block) => {
    const bits = block.family === 4 ? 32n : 128n;
    const first = block.words.reduce<bigint>((value, word) => (value << 32n) | BigInt(word), 0n);
    const last = first + (1n << (bits - BigInt(block.length))) - 1n;
    return [first - 1n, first, last, last + 1n].flatMap((value) => fromBig(value, block.family));
  });
  return [...dice.shuffle(edges).slice(0, 40), ...Array.from({ length: 10 }, () => someAddress(dice))];
}

function fromBig(value: bigint, family: 4 | 6): Address[] {
  if (value < 0n || value >= 1n << (family === 4 ? 32n : 128n)) return [];
  const word = (shift: bigint): number => Number((value >> shift) & 0xffff_ffffn);
  return family === 4
    ? [{ family, words: [word(0n)] }]
    : [{ family, words: [word(96n), word(64n), word(32n), word(0n)] }];
}

const PACKETS: readonly (readonly [number, number])[] = [
  ...PORTS.flatMap((port) => [port - 1, port, port + 1].filter((p) => p >= 0 && p <= 65535)).flatMap(
    (port) =>
      [
        [6, port],
        [17, port],
      ] as const,
  ),
  ...[0, 1, 2, 47, 58, 254, 255].map((protocol) => [protocol, 0] as const),
];

const SET_WORDS = [
  [EniSet.sgIngress, false],
  [EniSet.sgEgress, true],
  [EniSet.naclIngress, false],
  [EniSet.naclEgress, true],
] as const;

let comparisons = 0;
const seen = new Map<string, number>();
const count = (what: string): void => void seen.set(what, (seen.get(what) ?? 0) + 1);

function compareWorld(seed: number): void {
  const dice = new Dice(seed);
  const world = someInventory(dice);
  const asked = askRules(world);
  for (const address of probes(dice, world)) {
    world.networkInterfaces.forEach((own, index) => {
      if (!dice.chance(35)) return;
      const route = judgeRoute(world, own, address);
      expect(asked.route(index, address), `route of ${own.id} to ${formatAddress(address)}`).toBe(route);
      count(route.split(' ')[0] ?? '');
      for (const [protocol, port] of dice.shuffle(PACKETS).slice(0, 6)) {
        const where = `${own.id} ${formatAddress(address)} ${protocol}/${port}`;
        for (const [word, egress] of SET_WORDS) {
          const isGroup = word === EniSet.sgIngress || word === EniSet.sgEgress;
          const judge = isGroup ? judgeSecurityGroups : judgeNetworkAcl;
          const expected = judge(world, own, egress, address, protocol, port);
          expect(asked.judge(index, word, address, protocol, port), `${where} word ${word}`).toEqual(expected);
          comparisons++;
          count(`${isGroup ? 'sg' : 'nacl'} ${expected.verdict}${expected.matches.length > 2 ? ' of several' : ''}`);
          if (!isGroup || !asked.view.hasMiddleboxRoutes || own.groups === null || own.groups.length === 0) continue;
          const voided = judgeSecurityGroups(world, own, egress, address, protocol, port, true);
          expect(asked.judge(index, word, address, protocol, port, 1), `${where} without references`).toEqual(voided);
        }
      }
    });
  }
}

test('compiled tables equal a linear scan: verdict, deciding rule, all matches, route', { timeout: 120_000 }, () => {
  fc.assert(fc.property(fc.integer(), compareWorld), { numRuns: 100, verbose: 1 });
  expect(comparisons).toBeGreaterThan(50_000);
  // the universes reach every kind of answer, often enough to mean something
  const kinds = ['sg allow', 'sg allow of several', 'sg deny', 'sg unknown', 'nacl allow', 'nacl deny', 'nacl unknown'];
  for (const kind of [...kinds, 'local', 'igw', 'blackhole', 'none', 'unknown']) {
    expect(seen.get(kind) ?? 0, kind).toBeGreaterThan(200);
  }
});

/** The same inventory with every list inside its documents in another order; lists sorted by id stay. */
function shuffled(dice: Dice, world: Inventory): Inventory {
  return {
    ...world,
    networkInterfaces: world.networkInterfaces.map((e) => ({
      ...e,
      groups: e.groups === null ? null : dice.shuffle(e.groups),
      secondary: dice.shuffle(e.secondary),
      prefixes: dice.shuffle(e.prefixes),
    })),
    securityGroups: world.securityGroups.map((g) => ({ ...g, rules: dice.shuffle(g.rules) })),
    networkAcls: world.networkAcls.map((a) => ({
      ...a,
      entries: dice.shuffle(a.entries),
      subnetIds: dice.shuffle(a.subnetIds),
    })),
    routeTables: world.routeTables.map((t) => ({ ...t, routes: dice.shuffle(t.routes) })),
    prefixLists: world.prefixLists.map((l) => ({ ...l, cidrs: l.cidrs === null ? null : dice.shuffle(l.cidrs) })),
  };
}

test('the order inside documents changes no verdict; the same inventory gives the same bytes', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const dice = new Dice(seed);
      const world = someInventory(dice);
      const first = compileRules(world);
      const again = compileRules(structuredClone(world));
      expect(Buffer.from(first.buffer).equals(Buffer.from(again.buffer))).toBe(true);
      const a = askRules(world);
      const b = askRules(shuffled(dice, world));
      for (const address of probes(dice, world)) {
        const index = dice.below(world.networkInterfaces.length);
        expect(b.route(index, address)).toBe(a.route(index, address));
        for (const [protocol, port] of dice.shuffle(PACKETS).slice(0, 4)) {
          for (const [word] of SET_WORDS) {
            expect(b.judge(index, word, address, protocol, port)).toEqual(
              a.judge(index, word, address, protocol, port),
            );
          }
        }
      }
    }),
    { numRuns: 25, verbose: 1 },
  );
});
