import type { Inventory, InventoryWarning } from '../inventory/inventory.ts';
import { sameAccount } from './account.ts';
import { writeArena } from './arena.ts';
import { type Catalog, type NumberedRules, numberRules } from './catalog.ts';
import { buildClassFlags, buildEniSets } from './eni-table.ts';
import { compileNetworkAcls } from './network-acl.ts';
import { PeerLabels } from './peer-label.ts';
import { AccountPlan } from './plan.ts';
import { FLAT_BYTES_MAX, joinBlocks } from './rule-matrix.ts';
import type { RuleSet } from './rule-set.ts';
import { compileSecurityGroups, securityGroupWarnings } from './security-group.ts';

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
  private updates = 0;

  constructor(flatBytesMax: number = FLAT_BYTES_MAX) {
    this.flatBytesMax = flatBytesMax;
  }

  compile(inventory: Inventory): CompiledRules {
    const known = this.plan;
    const isUpdate = known !== undefined && this.updates < UPDATES_MAX && sameAccount(known.inventory, inventory);
    const plan = isUpdate ? known : new AccountPlan(inventory);
    const built = plan.blocksBuilt;
    // a failure in the middle must not leave half a plan
    this.plan = undefined;
    const compiled = compileBy(plan, inventory, this.flatBytesMax);
    this.plan = plan;
    // a version that says nothing new is none: it must not be what makes all bytes new
    if (!isUpdate) this.updates = 0;
    else if (plan.blocksBuilt > built) this.updates++;
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
  const numbered = numberRules(inventory, plan.routeDrafts);
  const { rules } = numbered.catalog;
  const peers = new PeerLabels(inventory, plan.members, plan.labels);
  const sets: RuleSet[] = [];
  const groups = compileSecurityGroups(inventory, numbered, peers, plan.members, plan.ports, sets, plan.hasMiddlebox);
  const acls = compileNetworkAcls(inventory, numbered, plan.labels, plan.ports, sets);
  plan.refine();
  const blocks = plan.blocksOf(sets, rules);
  const { rowShift, ...matrix } = joinBlocks(sets, blocks, flatBytesMax);
  const { trie4, trie6, ruleClass, routeClass } = plan.tries();
  const { pagesPerTable, routePageTab, routePages } = plan.routePages;
  const arena = writeArena({
    sections: {
      root4: trie4.root,
      inner4: trie4.inner,
      leaf4: trie4.leaf,
      root6: trie6.root,
      nodes6: trie6.nodes,
      chains6: trie6.chains,
      portTab: plan.portClasses.table,
      ruleClass,
      routeClass,
      ...matrix,
      routePageTab,
      routePages: placed(routePages, numbered.firstRoute),
      eniSets: buildEniSets(inventory.networkInterfaces.length, {
        sgIngress: groups.ingress,
        sgEgress: groups.egress,
        naclIngress: acls.ingress,
        naclEgress: acls.egress,
        routeTable: plan.routing.tables,
        localRoute4: placed(plan.routing.local4, numbered.firstRoute),
        localRoute6: placed(plan.routing.local6, numbered.firstRoute),
      }),
      eni: plan.eni,
      classFlags: buildClassFlags(plan.flagged, plan.toSets.labelSets, ruleClass),
      routeKind: column(plan.routeKind, numbered),
      routeIsMiddlebox: column(plan.isMiddlebox, numbered),
      subnet6: plan.subnet6,
      resolvers: plan.resolvers,
    },
    ruleCount: rules.length,
    pagesPerTable,
    hasMiddleboxRoutes: plan.hasMiddlebox,
    pointerBit4: trie4.pointerBit,
    fullLeaves4: trie4.fullLeaves,
    ruleClasses: plan.toSets.labelSets.length,
    portClasses: plan.portClasses.sure.length,
    rowShift,
  });
  const warnings = [...securityGroupWarnings(inventory, peers), ...acls.warnings, ...plan.routing.warnings];
  return { ...arena, catalog: numbered.catalog, warnings };
}

/** Rule indices of places among the routes; negative answers stay. */
function placed(places: Int32Array, firstRoute: number): Int32Array {
  return places.map((place) => (place < 0 ? place : firstRoute + place));
}

/** A value for each rule, 0 for those that are no routes. */
function column(values: Uint8Array, { catalog, firstRoute }: NumberedRules): Uint8Array {
  const all = new Uint8Array(catalog.rules.length);
  all.set(values, firstRoute);
  return all;
}
