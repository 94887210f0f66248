import type { Inventory, InventoryWarning } from '../inventory/inventory.ts';
import { routeKindCode } from '../model/verdict.ts';
import { AddressLabels, classifyAddresses } from './address-class.ts';
import { createPairs, pairIntervals } from './address-pair.ts';
import { buildTrie4, buildTrie6 } from './address-trie.ts';
import { writeArena } from './arena.ts';
import { type Catalog, numberRules } from './catalog.ts';
import { buildClassFlags, buildEniSets, buildEniTable, buildResolvers, buildSubnet6, flagLabels } from './eni-table.ts';
import { compileNetworkAcls } from './network-acl.ts';
import { invertSets } from './partition.ts';
import { classifyPorts, type PortClasses, PortSelectors } from './port-class.ts';
import { assignRouteTables, buildRoutePages, canShadowLocal, isMiddleboxRoute, routeLabels } from './route-table.ts';
import { FLAT_BYTES_MAX, joinBlocks } from './rule-matrix.ts';
import type { RuleSet } from './rule-set.ts';
import { compileSecurityGroups, securityGroupWarnings } from './security-group.ts';
import { buildSetBlock, type ClassMembers, type SetBlock } from './set-block.ts';

export interface CompiledRules {
  /** See arena; the same inventory gives the same bytes. */
  readonly buffer: SharedArrayBuffer;
  readonly byteLength: number;
  readonly catalog: Catalog;
  /** References that are stale or unknown, objects that contradict each other; what depends on them is `unknown`. */
  readonly warnings: readonly InventoryWarning[];
}

/**
 * Compiles every layer of one inventory version: rules → labels of addresses and selectors of ports → classes of both →
 * an answer for every (rule set, address class, port class). Rule tables larger than `flatBytesMax` are paged.
 */
export function compileRules(inventory: Inventory, flatBytesMax: number = FLAT_BYTES_MAX): CompiledRules {
  const numbered = numberRules(inventory);
  const { rules } = numbered.catalog;
  const endpointTypes = new Map(inventory.vpcEndpoints.map((endpoint) => [endpoint.id, endpoint.type]));
  const isMiddlebox = rules.map((rule) => rule.layer === 'route' && isMiddleboxRoute(rule.route, endpointTypes));
  const hasMiddleboxRoutes = isMiddlebox.includes(true);

  const labels = new AddressLabels();
  const routed = new AddressLabels();
  const ports = new PortSelectors();
  const sets: RuleSet[] = [];
  const groups = compileSecurityGroups(inventory, numbered, labels, ports, sets, hasMiddleboxRoutes);
  const acls = compileNetworkAcls(inventory, numbered, labels, ports, sets);
  const tables = routeLabels(numbered, routed);
  const routing = assignRouteTables(inventory, numbered);
  const flagged = flagLabels(inventory, labels);

  const toSets = classifyAddresses(labels);
  const toRoutes = classifyAddresses(routed);
  const pairs = createPairs();
  const intervals4 = pairIntervals(pairs, toSets.intervals4, toRoutes.intervals4);
  const intervals6 = pairIntervals(pairs, toSets.intervals6, toRoutes.intervals6);
  const portClasses = classifyPorts(ports);
  const members = membersOf(labels, toSets.labelSets, ports, portClasses);
  const blockOf = new Map<RuleSet, SetBlock>();
  const blocks = sets.map((set) => {
    const block = blockOf.get(set) ?? buildSetBlock(set, members);
    blockOf.set(set, block);
    return block;
  });
  const { rowShift, ...matrix } = joinBlocks(sets, blocks, flatBytesMax);
  const trie4 = buildTrie4(intervals4, pairs.ruleClass.length);
  const trie6 = buildTrie6(intervals6);
  const { pagesPerTable, ...routePages } = buildRoutePages(
    tables,
    routed.cidrs.length,
    toRoutes.labelSets,
    ({ rule, route }) => canShadowLocal(route, isMiddlebox[rule] === true),
  );
  const arena = writeArena({
    sections: {
      root4: trie4.root,
      inner4: trie4.inner,
      leaf4: trie4.leaf,
      root6: trie6.root,
      nodes6: trie6.nodes,
      chains6: trie6.chains,
      portTab: portClasses.table,
      ruleClass: Int32Array.from(pairs.ruleClass),
      routeClass: Int32Array.from(pairs.routeClass),
      ...matrix,
      ...routePages,
      eniSets: buildEniSets(inventory.networkInterfaces.length, {
        sgIngress: groups.ingress,
        sgEgress: groups.egress,
        naclIngress: acls.ingress,
        naclEgress: acls.egress,
        routeTable: routing.tables,
        localRoute4: routing.local4,
        localRoute6: routing.local6,
      }),
      eni: buildEniTable(inventory),
      classFlags: buildClassFlags(flagged, toSets.labelSets, pairs.ruleClass),
      routeKind: Uint8Array.from(rules, (rule) => (rule.layer === 'route' ? routeKindCode(rule.kind) : 0)),
      routeIsMiddlebox: Uint8Array.from(isMiddlebox, Number),
      subnet6: buildSubnet6(inventory.subnets),
      resolvers: buildResolvers(inventory),
    },
    ruleCount: rules.length,
    pagesPerTable,
    hasMiddleboxRoutes,
    pointerBit4: trie4.pointerBit,
    fullLeaves4: trie4.fullLeaves,
    ruleClasses: toSets.labelSets.length,
    portClasses: portClasses.sure.length,
    rowShift,
  });
  const warnings = [...securityGroupWarnings(inventory), ...acls.warnings, ...routing.warnings];
  return { ...arena, catalog: numbered.catalog, warnings };
}

const NONE = new Int32Array(0);

function membersOf(
  labels: AddressLabels,
  labelSets: readonly Int32Array[],
  ports: PortSelectors,
  { sure, possible }: PortClasses,
): ClassMembers {
  const classesOf = invertSets(labels.cidrs.length, labelSets);
  const sureOf = invertSets(ports.selectors.length, sure);
  const possibleOf = invertSets(ports.selectors.length, possible);
  return {
    addressClasses: labelSets.length,
    labelClasses: (label) => classesOf[label] ?? NONE,
    portClasses: sure.length,
    selectorClasses: (selector, maybe) => (maybe ? possibleOf : sureOf)[selector] ?? NONE,
  };
}
