import { strict as assert } from 'node:assert';
import type { Inventory } from '../inventory/inventory.ts';
import { FlowtrieError } from '../model/errors.ts';
import { attachRules } from '../rules/arena.ts';
import { compileRules } from '../rules/compile.ts';
import { EniSet, type RulesView, SETS_STRIDE } from '../rules/view.ts';
import { type AccountFlows, drawFlows } from './account-trace.ts';
import { type Effort, type Findings, medians } from './findings.ts';
import { answersOf, FiveLayers, lookUpLayers, type PlacedFlows } from './five-layers.ts';
import { judgeLinear, type LinearGroups, linearGroups } from './linear-groups.ts';
import { median, ratioOf, takeTurns, timed } from './measure.ts';
import { measureRuleChange } from './rule-change.ts';

const SEED = 7;

/** Compilations that are timed; their median counts. */
const COMPILE_RUNS = 5;

/** An account ready to be measured: compiled, with flows, everything verified. */
export interface ReadyAccount {
  readonly view: RulesView;
  readonly layers: FiveLayers;
  readonly linear: LinearGroups;
  readonly flows: AccountFlows;
  /** The same flows where the layers read them, and others of a Zipf distribution. */
  readonly random: PlacedFlows;
  readonly zipf: PlacedFlows;
  /** Flows that the linear scan judges in one pass. */
  readonly sample: number;
  readonly facts: Findings['facts'];
}

/** Throws where the compiled rules and the linear scan differ. */
export function readyAccount(title: string, inventory: Inventory, effort: Effort): ReadyAccount {
  const runs = Array.from({ length: effort.rounds > 1 ? COMPILE_RUNS : 1 }, () => timed(() => compileRules(inventory)));
  const compiled = runs.at(-1)?.value ?? compileRules(inventory);
  const view = attachRules(compiled.buffer, 0, compiled.byteLength);
  const linear = linearGroups(inventory, new Map(compiled.catalog.rules.map((rule, index) => [rule.id, index])));
  const flows = drawFlows(inventory, effort.packets, false, SEED);
  const zipfFlows = drawFlows(inventory, effort.packets, true, SEED + 1);
  if (flows === undefined || zipfFlows === undefined) {
    throw new FlowtrieError('inventory', `${title}: no interface has an IPv4 address, nothing to measure`);
  }
  const sample = Math.min(effort.packets, Math.max(64, Math.floor(effort.linearSteps / Math.max(1, linear.longest))));
  const layers = new FiveLayers(view);
  const [random, zipf] = [layers.place(flows), layers.place(zipfFlows)];
  const engines = { view, layers, linear };
  const matched =
    verify(engines, flows, { ...random, count: sample }) + verify(engines, zipfFlows, { ...zipf, count: sample });
  const change = measureRuleChange(inventory, flows);
  const facts = {
    interfaces: view.eniCount,
    rules: view.ruleCount,
    ruleSets: distinctSets(view),
    addressClasses: view.classFlags.length,
    cells: view.cellCount,
    hotBytes: view.hotBytes,
    allBytes: compiled.byteLength,
    compileMs: median(runs.map(({ ms }) => ms)),
    ...(change === undefined ? {} : { changeOfOneRuleMs: change }),
    longestLinearList: linear.longest,
    verified: 2 * sample,
    matchedShare: matched / (2 * sample),
  };
  return { view, layers, linear, flows, random, zipf, sample, facts };
}

/** Five layers and one layer over flows of an account, against the address look-ups alone and a linear scan. */
export function measureAccount(title: string, inventory: Inventory, effort: Effort): Findings {
  const { layers, linear, flows, random, zipf, sample, facts } = readyAccount(title, inventory, effort);
  const out = layers.createAnswers(effort.packets);
  const rates = takeTurns(
    [
      { name: 'five layers, random', count: random.count, run: () => layers.judge(random, out) },
      { name: 'five layers, Zipf', count: zipf.count, run: () => layers.judge(zipf, out) },
      { name: 'addresses only, random', count: random.count, run: () => layers.matchAddresses(random, out) },
      { name: 'addresses only, Zipf', count: zipf.count, run: () => layers.matchAddresses(zipf, out) },
      { name: 'one layer, random', count: random.count, run: () => layers.judgeOne(random, out.sgIngress) },
      { name: 'linear scan, one layer', count: sample, run: () => judgeLinear(linear, flows, sample, out.sgIngress) },
    ],
    effort.rounds,
  );
  return {
    title,
    facts,
    rates: medians(rates),
    ratios: [
      ratioOf(rates, 'five layers, random', 'addresses only, random'),
      ratioOf(rates, 'five layers, Zipf', 'addresses only, Zipf'),
      ratioOf(rates, 'one layer, random', 'linear scan, one layer'),
    ],
  };
}

/** Security group sets, both directions. */
function distinctSets(view: RulesView): number {
  const sets = new Set<number>();
  for (let at = 0; at < view.eniSets.length; at += SETS_STRIDE) {
    for (const word of [EniSet.sgIngress, EniSet.sgEgress]) {
      const set = view.eniSets[at + word] ?? -1;
      if (set >= 0) sets.add(set);
    }
  }
  return sets.size;
}

/**
 * Throws unless the compiled rules name the rule that the linear scan finds; where it finds none, they must not allow
 * by a rule either. The five layers must agree with the one layer and with rules/lookup. Returns how many flows match.
 */
function verify(
  { view, layers, linear }: Pick<ReadyAccount, 'view' | 'layers' | 'linear'>,
  flows: AccountFlows,
  placed: PlacedFlows,
): number {
  const sample = placed.count;
  const { sgIngress: got } = layers.createAnswers(sample);
  const expected = new Int32Array(sample);
  const five = layers.createAnswers(sample);
  layers.judgeOne(placed, got);
  layers.judge(placed, five);
  judgeLinear(linear, flows, sample, expected);
  assert.deepEqual(five.sgIngress, got, 'five layers and one layer disagree');
  let matched = 0;
  for (let i = 0; i < sample; i++) {
    const rule = expected[i] ?? -1;
    const answer = view.cellRule[got[i] ?? -1] ?? -1;
    if (rule >= 0) matched++;
    const same = rule >= 0 ? answer === rule : answer < 0;
    assert.ok(same, `flow ${i}: the linear scan finds rule ${rule}, the compiled rules ${answer}`);
    assert.deepEqual(
      answersOf(five, i),
      lookUpLayers(view, flows, i),
      `flow ${i}: five layers and rules/lookup disagree`,
    );
  }
  return matched;
}
