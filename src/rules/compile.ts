import type { Inventory, InventoryWarning } from '../inventory/inventory.ts';
import { sameAccount } from './account.ts';
import { writeArena } from './arena.ts';
import type { Catalog } from './catalog.ts';
import { buildEniSets } from './eni-table.ts';
import { compileNetworkAcls } from './network-acl.ts';
import { AccountPlan } from './plan.ts';
import { FLAT_BYTES_MAX, joinBlocks } from './rule-matrix.ts';
import type { RuleSet } from './rule-set.ts';

export interface CompiledRules {
  /** See arena. */
  readonly buffer: SharedArrayBuffer;
  readonly byteLength: number;
  readonly catalog: Catalog;
  /** References that are stale or unknown, objects that contradict each other; what depends on them is `unknown`. */
  readonly warnings: readonly InventoryWarning[];
  /** True when the account was that of the version before and only what its rules changed was compiled. */
  readonly isUpdate: boolean;
}

/** Updates after which all is compiled anew: labels, classes and blocks out of use pile up until then. */
const UPDATES_MAX = 50;

/**
 * Compiles one inventory version after the other. Where a version differs from the one before in nothing but rules of
 * security groups and network ACLs, address and port classes are only cut further, and only rule sets with a changed
 * rule are compiled; answers are those of `compileRules`, bytes may differ.
 */
export class RuleCompiler {
  private readonly flatBytesMax: number;
  private plan: AccountPlan | undefined;

  constructor(flatBytesMax: number = FLAT_BYTES_MAX) {
    this.flatBytesMax = flatBytesMax;
  }

  compile(inventory: Inventory): CompiledRules {
    const known = this.plan;
    const isUpdate = known !== undefined && known.updates < UPDATES_MAX && sameAccount(known.inventory, inventory);
    const plan = isUpdate ? known : new AccountPlan(inventory);
    // a failure in the middle must not leave half a plan
    this.plan = undefined;
    const compiled = compileBy(plan, plan.kept(inventory), this.flatBytesMax);
    this.plan = plan;
    return { ...compiled, isUpdate };
  }
}

/**
 * Compiles every layer of one inventory version: rules → labels of addresses and selectors of ports → classes of both →
 * an answer for every (rule set, address class, port class). Rule tables larger than `flatBytesMax` are paged. The same
 * inventory gives the same bytes.
 */
export function compileRules(inventory: Inventory, flatBytesMax: number = FLAT_BYTES_MAX): CompiledRules {
  return new RuleCompiler(flatBytesMax).compile(inventory);
}

function compileBy(plan: AccountPlan, inventory: Inventory, flatBytesMax: number): Omit<CompiledRules, 'isUpdate'> {
  const numbered = plan.rules.index(inventory);
  const { firstRoute } = numbered;
  const ruleCount = numbered.catalog.rules.length;
  const sets: RuleSet[] = [];
  const groups = plan.groups.compile(inventory, sets, plan.hasMiddlebox);
  const acls = compileNetworkAcls(inventory, plan.places, plan.rules, plan.labels, plan.ports, sets);
  plan.refine();
  const blocks = plan.blocksOf(sets, numbered.indexOf);
  const { addresses, flags, ports, trie4, trie6 } = plan.classes;
  const { rowShift, ...matrix } = joinBlocks(sets, blocks, plan.classes, numbered.indexOf, flatBytesMax);
  const { pagesPerTable, routePageTab, routePages } = plan.routePages;
  const arena = writeArena({
    sections: {
      root4: trie4.root,
      inner4: trie4.inner,
      leaf4: trie4.leaf,
      root6: trie6.root,
      nodes6: trie6.nodes,
      chains6: trie6.chains,
      portTab: ports.table,
      ruleClass: addresses.ruleClass,
      routeClass: addresses.routeClass,
      ...matrix,
      routePageTab,
      routePages: placed(routePages, firstRoute),
      eniSets: buildEniSets(inventory.networkInterfaces.length, {
        sgIngress: groups.ingress,
        sgEgress: groups.egress,
        naclIngress: acls.ingress,
        naclEgress: acls.egress,
        routeTable: plan.routing.tables,
        localRoute4: placed(plan.routing.local4, firstRoute),
        localRoute6: placed(plan.routing.local6, firstRoute),
      }),
      eni: plan.eni,
      classFlags: classFlagsOf(addresses.ruleClass, flags),
      routeKind: column(plan.routeKind, firstRoute),
      routeIsMiddlebox: column(plan.isMiddlebox, firstRoute),
      subnet6: plan.subnet6,
      resolvers: plan.resolvers,
    },
    ruleCount,
    pagesPerTable,
    hasMiddleboxRoutes: plan.hasMiddlebox,
    pointerBit4: trie4.pointerBit,
    fullLeaves4: trie4.fullLeaves,
    ruleClasses: addresses.labelSets.length,
    portClasses: ports.sure.length,
    rowShift,
  });
  const warnings = [...groups.warnings, ...acls.warnings, ...plan.routing.warnings];
  return { ...arena, catalog: numbered.catalog, warnings };
}

/** Rule indices of places among the routes; negative answers stay. */
function placed(places: Int32Array, firstRoute: number): Int32Array {
  const indices = places.slice();
  for (let i = 0; i < indices.length; i++) if (indices[i]! >= 0) indices[i]! += firstRoute;
  return indices;
}

/** Flags of each address class, by those of its class to rule sets. */
function classFlagsOf(ruleClass: Int32Array, flags: readonly number[]): Uint8Array {
  const found = new Uint8Array(ruleClass.length);
  for (let cls = 0; cls < found.length; cls++) found[cls] = flags[ruleClass[cls]!]!;
  return found;
}

/** A value for each rule, 0 for those before the routes. */
function column(values: Uint8Array, firstRoute: number): Uint8Array {
  const all = new Uint8Array(firstRoute + values.length);
  all.set(values, firstRoute);
  return all;
}
