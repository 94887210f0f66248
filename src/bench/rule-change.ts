import { strict as assert } from 'node:assert';
import type { Inventory, SecurityGroup, SecurityGroupRule } from '../inventory/inventory.ts';
import { attachRules } from '../rules/arena.ts';
import { type CompiledRules, compileRules, RuleCompiler } from '../rules/compile.ts';
import type { AccountFlows } from './account-trace.ts';
import { FiveLayers } from './five-layers.ts';
import { median, timed } from './measure.ts';

/** Changes that are timed, and before them those after which the just-in-time compiler has done its work. */
const CHANGES = 11;
const WARM_UP = 12;

/**
 * Milliseconds of processor time from a version of the inventory in memory to the arena of its rules, when it has one
 * rule more than the version before: for a network and ports that no rule named yet. Nothing of the version before is
 * the same object. Throws where the result judges the flows otherwise than rules that are compiled anew.
 */
export function measureRuleChange(inventory: Inventory, flows: AccountFlows): number | undefined {
  const [group] = inventory.securityGroups;
  if (group === undefined) return undefined;
  const compiler = new RuleCompiler();
  compiler.compile(inventory);
  for (let i = 0; i < WARM_UP; i++) compiler.compile(changed(inventory, group, i));
  // all of them are there before the first is timed: the collector does not move a fresh document meanwhile
  const versions = Array.from({ length: CHANGES }, (_, i) => changed(inventory, group, WARM_UP + i));
  let last: CompiledRules | undefined;
  const times = versions.map((version) => {
    const { value, ms } = timed(() => compiler.compile(version));
    last = value;
    return ms;
  });
  if (last !== undefined) assertAlike(last, compileRules(versions.at(-1) ?? inventory), flows);
  return median(times);
}

/** A copy with one rule more, another one for each number. */
function changed(inventory: Inventory, group: SecurityGroup, number: number): Inventory {
  const rule: SecurityGroupRule = {
    id: `sgr-change-${number}`,
    groupId: group.id,
    egress: false,
    selector: {
      protocol: 6,
      ports: { from: 20_000 + 3 * number, to: 20_001 + 3 * number },
      icmpType: null,
      icmpCode: null,
      valid: true,
    },
    peer: { kind: 'cidr', cidr: { family: 4, words: [(10 * 2 ** 24 + number * 256) >>> 0], length: 24 } },
    origin: group.origin,
  };
  const securityGroups = [{ ...group, rules: [...group.rules, rule] }, ...inventory.securityGroups.slice(1)];
  return structuredClone({ ...inventory, securityGroups });
}

function assertAlike(updated: CompiledRules, fresh: CompiledRules, flows: AccountFlows): void {
  assert.deepEqual(rulesOf(updated, flows), rulesOf(fresh, flows), 'rules changed and rules compiled anew disagree');
}

/** Deciding rule of every layer for every flow. */
function rulesOf({ buffer, byteLength }: CompiledRules, flows: AccountFlows): readonly Int32Array[] {
  const view = attachRules(buffer, 0, byteLength);
  const layers = new FiveLayers(view);
  const answers = layers.createAnswers(flows.count);
  layers.judge(layers.place(flows), answers);
  const { route, ...filters } = answers;
  return [
    route,
    ...Object.values(filters).map((cells: Int32Array) => cells.map((cell) => view.cellRule[cell] ?? cell)),
  ];
}
