import { describe, expect, test } from 'vitest';
import type { Inventory, NetworkAclEntry, SecurityGroupRule } from '../../src/inventory/inventory.ts';
import { attachRules } from '../../src/rules/arena.ts';
import { matchesOf } from '../../src/rules/catalog.ts';
import { type CompiledRules, compileRules, RuleCompiler } from '../../src/rules/compile.ts';
import { addressClass4, addressClass6, cellOf, portClass, routeOf } from '../../src/rules/lookup.ts';
import { SOME_PROTOCOL, SOME_TCP_PORT, SOME_UDP_PORT } from '../../src/rules/port-class.ts';
import { FLAT_BYTES_MAX } from '../../src/rules/rule-matrix.ts';
import { EniSet, type RulesView, SETS_STRIDE } from '../../src/rules/view.ts';
import { Dice } from '../support/dice.ts';
import { eni, inventory, type RuleRow, securityGroup, vpc } from '../support/inventory.ts';
import type { Packet } from '../support/packet-oracle.ts';
import { edgePackets, someUniverse } from '../support/random-universe.ts';

const WORDS = [EniSet.sgIngress, EniSet.sgEgress, EniSet.naclIngress, EniSet.naclEgress];
const STEPS = 24;
const SEEDS = Array.from({ length: 12 }, (_, seed) => seed + 1);

interface Asked {
  readonly view: RulesView;
  readonly ids: readonly string[];
}

function ask({ buffer, byteLength, catalog }: CompiledRules): Asked {
  return { view: attachRules(buffer, 0, byteLength), ids: catalog.rules.map((rule) => rule.id) };
}

/** What a record's format leaves out is an entry of the port table too. */
const OPEN = [SOME_TCP_PORT, SOME_UDP_PORT, SOME_PROTOCOL];

/**
 * Answers of all layers to one packet at one interface: set, verdict, decider, every match, route, flags. `open`: the
 * entry of the port table for what is not known of the packet.
 */
function answers({ view, ids }: Asked, eni: number, packet: Packet, open?: number): string {
  const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = packet.words;
  const cls = packet.family === 4 ? addressClass4(view, w0) : addressClass6(view, w0, w1, w2, w3);
  const port = open === undefined ? portClass(view, packet.protocol, packet.port) : (view.sections.portTab[open] ?? -1);
  const layers = WORDS.map((word) => {
    const set = view.eniSets[eni * SETS_STRIDE + word] ?? -9;
    if (set < 0) return set;
    const cell = cellOf(view, set, cls, port);
    const matches = matchesOf(view, cell).map((match) => `${ids[match.rule]}${match.certain}${match.peerCertain}`);
    const rule = view.cellRule[cell] ?? -9;
    return `${view.cellVerdict[cell]} ${rule < 0 ? rule : ids[rule]} ${matches}`;
  });
  const table = view.eniSets[eni * SETS_STRIDE + EniSet.routeTable] ?? -1;
  const route = table < 0 ? -9 : routeOf(view, table, cls);
  return `${layers.join('; ')} ${route < 0 ? route : `${ids[route]} ${view.routeKind[route]}`} ${view.classFlags[cls]}`;
}

/**
 * One rule of a group or one entry of a network ACL is added, taken away or replaced by one of another universe, a rule
 * keeps its name and says something else, or a group is described no longer.
 */
function changed(world: Inventory, dice: Dice, step: number): Inventory {
  const other = someUniverse(new Dice(dice.below(2 ** 30)), 20);
  if (dice.below(12) === 0 && world.securityGroups.length > 1) {
    return { ...world, securityGroups: without(world.securityGroups, dice) };
  }
  const rule = dice.pick(other.securityGroups.flatMap((group) => group.rules));
  const entry = dice.pick(other.networkAcls.flatMap((acl) => acl.entries));
  if (dice.below(4) === 0 && world.networkAcls.length > 0) {
    const at = dice.below(world.networkAcls.length);
    const networkAcls = world.networkAcls.map((acl, i) => {
      if (i !== at) return acl;
      const kept = without(acl.entries, dice);
      const number = 1 + dice.below(30_000);
      const id = `${acl.id}/${entry.egress ? 'egress' : 'ingress'}/${number}`;
      const fresh: NetworkAclEntry = { ...entry, id, number };
      return { ...acl, entries: dice.below(3) === 0 ? kept : [...kept.filter((one) => one.id !== id), fresh] };
    });
    return { ...world, networkAcls };
  }
  const at = dice.below(world.securityGroups.length);
  const securityGroups = world.securityGroups.map((group, i) => {
    if (i !== at) return group;
    const kept = without(group.rules, dice);
    const [first] = kept;
    if (first !== undefined && dice.below(4) === 0) {
      return { ...group, rules: [{ ...first, selector: rule.selector, peer: rule.peer }, ...kept.slice(1)] };
    }
    const fresh: SecurityGroupRule = { ...rule, id: `sgr-${dice.below(1000)}-${step}`, groupId: group.id };
    return { ...group, rules: dice.below(3) === 0 ? kept : [...kept, fresh] };
  });
  return { ...world, securityGroups };
}

function without<T>(list: readonly T[], dice: Dice): readonly T[] {
  if (list.length === 0 || dice.below(2) === 0) return list;
  const at = dice.below(list.length);
  return list.filter((_, i) => i !== at);
}

function packetsOf(world: Inventory): Packet[] {
  const rules = world.securityGroups.flatMap((group) => group.rules);
  const ruled = rules.flatMap((rule) =>
    rule.peer.kind === 'cidr' ? edgePackets([rule.peer.cidr], rule.selector) : [],
  );
  const entries = world.networkAcls.flatMap((acl) => acl.entries);
  return [...ruled, ...entries.flatMap((entry) => edgePackets([entry.cidr], entry.selector))];
}

function expectSame(updated: CompiledRules, world: Inventory, dice: Dice, where: string): number {
  const fresh = compileRules(world);
  expect(updated.catalog, where).toEqual(fresh.catalog);
  expect(updated.warnings, where).toEqual(fresh.warnings);
  const [is, wanted] = [ask(updated), ask(fresh)];
  const packets = packetsOf(world);
  for (const packet of packets) {
    const eni = dice.below(world.networkInterfaces.length);
    for (const open of [undefined, dice.pick(OPEN)]) {
      const got = answers(is, eni, packet, open);
      if (got !== answers(wanted, eni, packet, open))
        expect(got, `${where} ${JSON.stringify(packet)} ${open}`).toBe(answers(wanted, eni, packet, open));
    }
  }
  return packets.length;
}

describe.each(SEEDS)('universe %d', (seed) => {
  test('rules that change one by one or some at once: an update answers as a fresh compilation', {
    timeout: 120_000,
  }, () => {
    const dice = new Dice(seed);
    const compiler = new RuleCompiler(seed % 3 === 0 ? 0 : FLAT_BYTES_MAX);
    let world = someUniverse(dice, dice.pick([4, 20, 60]));
    expect(compiler.compile(world).isUpdate).toBe(false);
    let compared = 0;
    for (let step = 0; step < STEPS; step++) {
      for (let left = dice.pick([1, 1, 3]); left > 0; left--) world = changed(world, dice, step);
      // no object of the version before is met again: what is equal is found by its contents
      const updated = compiler.compile(structuredClone(world));
      expect(updated.isUpdate).toBe(true);
      compared += expectSame(updated, world, dice, `step ${step}`);
    }
    expect(compared).toBeGreaterThan(STEPS * 20);
  });
});

test('what is no rule makes all new, and after many updates all is made new', () => {
  const dice = new Dice(99);
  let world = someUniverse(dice, 20);
  const compiler = new RuleCompiler();
  compiler.compile(world);
  const [first] = world.networkInterfaces;
  if (first === undefined) throw new Error('no interface');
  const moved = { ...world, networkInterfaces: [{ ...first, groups: [] }, ...world.networkInterfaces.slice(1)] };
  const afterMove = compiler.compile(moved);
  expect(afterMove.isUpdate).toBe(false);
  expectSame(afterMove, moved, dice, 'moved');
  const prefixLists = moved.prefixLists.map((list) => ({ ...list, cidrs: list.cidrs?.slice(1) ?? [] }));
  const shorter = { ...moved, prefixLists };
  const afterLists = compiler.compile(shorter);
  expect(afterLists.isUpdate).toBe(false);
  expectSame(afterLists, shorter, dice, 'shorter lists');
  for (let again = 0; again < 120; again++) {
    expect(compiler.compile(structuredClone(shorter)).isUpdate).toBe(true);
  }
  let fresh = 0;
  for (let step = 0; step < 120; step++) {
    world = changed(shorter, dice, step);
    if (!compiler.compile(world).isUpdate) fresh++;
  }
  expect(fresh).toBe(2);
});

test('rules of a group that no interface has are an update too: their names pile up', () => {
  const world = someUniverse(new Dice(3), 4);
  const [rule] = world.securityGroups.flatMap((group) => group.rules);
  if (rule === undefined) throw new Error('no rule');
  const compiler = new RuleCompiler();
  const updates = Array.from({ length: 102 }, (_, i) => {
    const spare = securityGroup('sg-spare', []);
    const securityGroups = [...world.securityGroups, { ...spare, rules: [{ ...rule, id: `sgr-spare-${i}` }] }];
    return compiler.compile({ ...world, securityGroups }).isUpdate;
  });
  expect(updates.filter((isUpdate) => !isUpdate).length).toBe(2);
});

test('a rule that says something else under its name, a group that is described no longer', () => {
  const dice = new Dice(7);
  const world = (what: string, groups: readonly string[]): Inventory =>
    inventory({
      vpcs: [vpc('vpc-a', ['10.0.0.0/16'])],
      networkInterfaces: [eni('eni-x', ['10.0.0.10'], ['sg-x'])],
      securityGroups: [
        securityGroup('sg-x', [
          ['r-1', 'in', what, '10.0.0.0/8'],
          ['r-2', 'in', 'tcp 22', 'sg-far'],
        ]),
        ...groups.map((id) => securityGroup(id, [], { ownerId: '222222222222' })),
      ].map((group) => ({
        ...group,
        rules: group.rules.map((rule) =>
          rule.peer.kind === 'group' ? { ...rule, peer: { ...rule.peer, ownerId: '222222222222' } } : rule,
        ),
      })),
    });
  const compiler = new RuleCompiler();
  compiler.compile(world('tcp 443', ['sg-far']));
  const versions = [
    world('tcp 444', ['sg-far']),
    world('tcp 444', []),
    world('tcp 443', ['sg-far', 'sg-farther']),
    world('udp 443', ['sg-farther']),
  ];
  for (const version of versions) {
    const updated = compiler.compile(version);
    expect(updated.isUpdate).toBe(true);
    expectSame(updated, version, dice, JSON.stringify(version.securityGroups));
  }
});

test('new ports inside of new ports, cut from those of a set that nothing changes', () => {
  const world = (rows: readonly RuleRow[]): Inventory =>
    inventory({
      vpcs: [vpc('vpc-a', ['10.0.0.0/16'])],
      networkInterfaces: [eni('eni-x', ['10.0.0.10'], ['sg-x']), eni('eni-y', ['10.0.0.11'], ['sg-y'])],
      securityGroups: [
        securityGroup('sg-x', [['r-x', 'in', 'tcp 100-200', '10.0.0.0/8']]),
        securityGroup('sg-y', rows),
      ],
    });
  const compiler = new RuleCompiler();
  compiler.compile(world([]));
  const version = world([
    ['r-1', 'in', 'tcp 120-180', '10.0.0.0/8'],
    ['r-2', 'in', 'tcp 140-160', '10.0.0.0/16'],
  ]);
  const [is, wanted] = [ask(compiler.compile(version)), ask(compileRules(version))];
  for (const port of [99, 100, 119, 120, 139, 140, 160, 161, 180, 181, 200, 201]) {
    for (const index of [0, 1]) {
      const packet: Packet = { family: 4, words: [0x0a00_0001], protocol: 6, port };
      expect(answers(is, index, packet), `port ${port}`).toBe(answers(wanted, index, packet));
    }
  }
});

test('the same version twice gives the same bytes', () => {
  const world = someUniverse(new Dice(5), 40);
  const compiler = new RuleCompiler();
  const [first, second] = [0, 1].map(() => Buffer.from(compiler.compile(structuredClone(world)).buffer));
  expect(second?.equals(first ?? Buffer.alloc(0))).toBe(true);
});
