import { expect, test } from 'vitest';
import type { Inventory, SecurityGroupRule } from '../../src/inventory/inventory.ts';
import type { Cidr } from '../../src/model/ip.ts';
import { IMPLICIT_DENY, Verdict } from '../../src/model/verdict.ts';
import { attachRules } from '../../src/rules/arena.ts';
import { matchesOf } from '../../src/rules/catalog.ts';
import { compileRules } from '../../src/rules/compile.ts';
import { addressClass4, addressClass6, cellOf, portClass } from '../../src/rules/lookup.ts';
import { FLAT_BYTES_MAX } from '../../src/rules/rule-matrix.ts';
import { EniSet, type RulesView, SETS_STRIDE } from '../../src/rules/view.ts';
import { Dice } from '../support/dice.ts';
import { aclScan, groupScan, type Packet, type Scan, scan } from '../support/packet-oracle.ts';
import { edgePackets, someUniverse } from '../support/random-universe.ts';

/** `FLOWTRIE_COMPARISONS=10000000` for a nightly run. */
const COMPARISONS = Number(process.env.FLOWTRIE_COMPARISONS ?? 1_000_000);

const LAYERS = [
  [EniSet.sgIngress, false],
  [EniSet.sgEgress, true],
  [EniSet.naclIngress, false],
  [EniSet.naclEgress, true],
] as const;

interface Seen {
  comparisons: number;
  six: number;
  allow: number;
  deny: number;
  /** Answers with more than two matching rules. */
  several: number;
  /** Universes by the layout of their rule tables. */
  flat: number;
  paged: number;
}

/** Compiled rules and the scan of every interface and layer. */
class Comparison {
  readonly view: RulesView;
  private readonly ids: readonly string[];
  private readonly scans: readonly (readonly Scan[])[];
  /** Records of each cell, and what the scan says of each rule. */
  private readonly hits: Uint32Array;
  private readonly decided = new Map<string, number>();
  private readonly matched = new Map<string, number>();

  constructor(world: Inventory, flatBytesMax: number) {
    const compiled = compileRules(world, flatBytesMax);
    this.view = attachRules(compiled.buffer, 0, compiled.byteLength);
    this.ids = compiled.catalog.rules.map((rule) => rule.id);
    this.hits = new Uint32Array(this.view.cellCount);
    this.scans = world.networkInterfaces.map((eni) =>
      LAYERS.map(([word, egress]) =>
        word === EniSet.sgIngress || word === EniSet.sgEgress ? groupScan(world, eni, egress) : aclScan(world, egress),
      ),
    );
  }

  compare(eni: number, packet: Packet, seen: Seen): void {
    const { view } = this;
    const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = packet.words;
    const cls = packet.family === 4 ? addressClass4(view, w0) : addressClass6(view, w0, w1, w2, w3);
    const port = portClass(view, packet.protocol, packet.port);
    for (const [layer, [word]] of LAYERS.entries()) {
      const rules = this.scans[eni]?.[layer];
      if (rules === undefined) throw new RangeError(`interface ${eni}`);
      const expected = scan(rules, packet);
      const cell = cellOf(view, view.eniSets[eni * SETS_STRIDE + word] ?? -1, cls, port);
      if (!this.agrees(cell, expected)) {
        const wanted = expected.map((rule) => rule.id).join();
        const got = matchesOf(view, cell).map((match) => this.ids[match.rule]);
        throw new Error(`eni ${eni} layer ${layer} ${JSON.stringify(packet)}: expected [${wanted}], got [${got}]`);
      }
      this.hits[cell] = (this.hits[cell] ?? 0) + 1;
      for (const [i, { id }] of expected.entries()) {
        if (i === 0) this.decided.set(id, (this.decided.get(id) ?? 0) + 1);
        this.matched.set(id, (this.matched.get(id) ?? 0) + 1);
      }
      seen.comparisons++;
      if (packet.family === 6) seen.six++;
      if (expected[0]?.isAllow === true) seen.allow++;
      else seen.deny++;
      if (expected.length > 2) seen.several++;
    }
  }

  /** Verdict, deciding rule and the whole list of matches, in order. */
  private agrees(cell: number, expected: ReturnType<typeof scan>): boolean {
    const { cellRule, cellVerdict, sections } = this.view;
    const [decider] = expected;
    const rule = cellRule[cell] ?? -9;
    if ((decider === undefined ? IMPLICIT_DENY : decider.id) !== (rule >= 0 ? this.ids[rule] : rule)) return false;
    if ((decider?.isAllow === true ? Verdict.allow : Verdict.deny) !== cellVerdict[cell]) return false;
    const from = sections.matchOffset[cell] ?? 0;
    if ((sections.matchOffset[cell + 1] ?? 0) - from !== expected.length) return false;
    return expected.every(({ id }, i) => id === this.ids[(sections.matchList[from + i] ?? -4) >> 2]);
  }

  /** Counters of cells, expanded to rules, are what counting rule by rule gives. */
  checkCounts(): void {
    const decided = new Map<string, number>();
    const matched = new Map<string, number>();
    this.hits.forEach((hits, cell) => {
      if (hits === 0) return;
      const rule = this.view.cellRule[cell] ?? -1;
      if (rule >= 0) decided.set(this.ids[rule] ?? '', (decided.get(this.ids[rule] ?? '') ?? 0) + hits);
      for (const match of matchesOf(this.view, cell)) {
        const id = this.ids[match.rule] ?? '';
        matched.set(id, (matched.get(id) ?? 0) + hits);
      }
    });
    expect(decided).toEqual(this.decided);
    expect(matched).toEqual(this.matched);
  }
}

function blocksOf(world: Inventory, { peer }: SecurityGroupRule): readonly Cidr[] {
  if (peer.kind === 'cidr') return [peer.cidr];
  if (peer.kind === 'prefix-list') return world.prefixLists.find((list) => list.id === peer.id)?.cidrs ?? [];
  const members = world.networkInterfaces.filter((eni) => eni.groups?.includes(peer.id));
  return members.flatMap(({ primary, prefixes }) =>
    primary === null ? prefixes : [{ ...primary, length: primary.family === 4 ? 32 : 128 }, ...prefixes],
  );
}

function compareUniverse(seed: number, seen: Seen): void {
  const dice = new Dice(seed);
  const world = someUniverse(dice, dice.pick([4, 20, 60, 200]));
  const comparison = new Comparison(world, seed % 2 === 0 ? FLAT_BYTES_MAX : 0);
  if (comparison.view.sections.rowTab.length > 0) seen.flat++;
  else seen.paged++;
  for (const group of world.securityGroups) {
    const holders = world.networkInterfaces.flatMap((eni, i) => (eni.groups?.includes(group.id) ? [i] : []));
    if (holders.length === 0) continue;
    for (const rule of group.rules) {
      const packets = edgePackets(blocksOf(world, rule), rule.selector);
      for (const packet of packets) comparison.compare(dice.pick(holders), packet, seen);
    }
  }
  for (const entry of world.networkAcls.flatMap((acl) => acl.entries)) {
    for (const packet of edgePackets([entry.cidr], entry.selector)) comparison.compare(dice.below(6), packet, seen);
  }
  comparison.checkCounts();
}

test('compiled rules equal a scan at every edge of every rule: decider, all matches, counts', {
  timeout: 600_000 + COMPARISONS / 10,
}, () => {
  const seen: Seen = { comparisons: 0, six: 0, allow: 0, deny: 0, several: 0, flat: 0, paged: 0 };
  for (let seed = 0; seen.comparisons < COMPARISONS; seed++) compareUniverse(seed, seen);
  console.info('compiled rules against a scan, every edge of every rule:', seen);
  expect(seen.comparisons).toBeGreaterThanOrEqual(COMPARISONS);
  for (const part of [seen.six, seen.allow, seen.deny, seen.several]) expect(part).toBeGreaterThan(COMPARISONS / 20);
  expect(seen.flat).toBeGreaterThan(2);
  expect(seen.paged).toBeGreaterThan(2);
});
