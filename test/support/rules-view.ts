import type { Inventory } from '../../src/inventory/inventory.ts';
import type { Address } from '../../src/model/ip.ts';
import { IMPLICIT_DENY, ROUTE_KIND, VERDICT } from '../../src/model/verdict.ts';
import { attachRules } from '../../src/rules/arena.ts';
import { type Catalog, matchesOf } from '../../src/rules/catalog.ts';
import { compileRules } from '../../src/rules/compile.ts';
import { addressClass4, addressClass6, cellOf, portClass, routeOf } from '../../src/rules/lookup.ts';
import { EniSet, NO_SET, type RulesView, SETS_STRIDE, UNKNOWN_SET } from '../../src/rules/view.ts';
import type { Judgement } from './rules-oracle.ts';

/** A compiled inventory asked one packet at a time, in words. */
export interface AskedRules {
  readonly view: RulesView;
  readonly catalog: Catalog;
  readonly warnings: readonly string[];
  eniIndex(id: string): number;
  classOf(address: Address): number;
  /** `word` = one of the set words of EniWord; `variant` 1 = without group references. */
  judge(eni: number, word: number, address: Address, protocol: number, port: number, variant?: 0 | 1): Judgement;
  /** `kind target prefix`, `none` or `unknown`. */
  route(eni: number, address: Address): string;
}

export function askRules(inventory: Inventory): AskedRules {
  const { buffer, byteLength, catalog, warnings } = compileRules(inventory);
  const view = attachRules(buffer, 0, byteLength);
  const classOf = (address: Address): number =>
    address.family === 4 ? addressClass4(view, address.words[0]) : addressClass6(view, ...address.words);
  const idOf = (rule: number): string => catalog.rules[rule]?.id ?? `no rule ${rule}`;
  return {
    view,
    catalog,
    warnings: warnings.map((warning) => warning.message),
    eniIndex: (id) => inventory.networkInterfaces.findIndex((eni) => eni.id === id),
    classOf,
    judge(eni, word, address, protocol, port, variant = 0) {
      const set = view.eniSets[eni * SETS_STRIDE + word] ?? UNKNOWN_SET;
      if (set === NO_SET) return { verdict: 'none', rule: null, matches: [] };
      if (set === UNKNOWN_SET) return { verdict: 'unknown', rule: null, matches: [] };
      const cell = cellOf(view, set + variant, classOf(address), portClass(view, protocol, port));
      const verdict = VERDICT[view.cellVerdict[cell] ?? 0];
      const rule = view.cellRule[cell] ?? -9;
      if (verdict !== 'allow' && verdict !== 'deny' && verdict !== 'unknown') throw new Error(`verdict ${verdict}`);
      return {
        verdict,
        rule: rule >= 0 ? idOf(rule) : rule === IMPLICIT_DENY ? 'implicit-deny' : null,
        matches: matchesOf(view, cell).map((match) => (match.certain ? idOf(match.rule) : `${idOf(match.rule)}?`)),
      };
    },
    route(eni, address) {
      const table = view.eniSets[eni * SETS_STRIDE + EniSet.routeTable] ?? UNKNOWN_SET;
      if (table < 0) return 'unknown';
      const found = routeOf(view, table, classOf(address));
      if (found === -1) return 'none';
      if (found === -2) return 'unknown';
      const rule = catalog.rules[found];
      if (rule?.layer !== 'route') throw new Error(`rule ${found} is no route`);
      if (ROUTE_KIND[view.routeKind[found] ?? 0] !== rule.kind) throw new Error(`kind of ${rule.id}`);
      return `${rule.kind} ${rule.target} ${rule.prefix}`;
    },
  };
}
