import type { Inventory, InventoryWarning } from '../inventory/inventory.ts';
import { routeKindCode } from '../model/verdict.ts';
import { AddressLabels, classifyAddresses } from './address-class.ts';
import { buildTrie4, buildTrie6 } from './address-trie.ts';
import { writeArena } from './arena.ts';
import { type Catalog, numberRules } from './catalog.ts';
import { buildClassFlags, buildEniTable, buildResolvers, buildSubnet6, flagLabels } from './eni-table.ts';
import { compileNetworkAcls } from './network-acl.ts';
import { classifyPorts, PortSelectors } from './port-class.ts';
import { assignRouteTables, buildRoutePages, canShadowLocal, isMiddleboxRoute, routeLabels } from './route-table.ts';
import { buildRuleMatrix, CLASS_PAGE, type RuleSet } from './rule-matrix.ts';
import { compileSecurityGroups, securityGroupWarnings } from './security-group.ts';

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
 * an answer for every (rule set, address class, port class).
 */
export function compileRules(inventory: Inventory): CompiledRules {
  const numbered = numberRules(inventory);
  const { rules } = numbered.catalog;
  const endpointTypes = new Map(inventory.vpcEndpoints.map((endpoint) => [endpoint.id, endpoint.type]));
  const isMiddlebox = rules.map((rule) => rule.layer === 'route' && isMiddleboxRoute(rule.route, endpointTypes));
  const hasMiddleboxRoutes = isMiddlebox.includes(true);

  const labels = new AddressLabels();
  const ports = new PortSelectors();
  const sets: RuleSet[] = [];
  const groups = compileSecurityGroups(inventory, numbered, labels, ports, sets, hasMiddleboxRoutes);
  const acls = compileNetworkAcls(inventory, numbered, labels, ports, sets);
  const tables = routeLabels(numbered, labels);
  const routing = assignRouteTables(inventory, numbered);
  const flagged = flagLabels(inventory, labels);

  const { labelSets, intervals4, intervals6 } = classifyAddresses(labels);
  const portClasses = classifyPorts(ports);
  const labelCount = labels.cidrs.length;
  const matrix = buildRuleMatrix(sets, labelCount, labelSets, ports.selectors.length, portClasses.selectorSets);
  const trie4 = buildTrie4(intervals4, labelSets.length);
  const trie6 = buildTrie6(intervals6);
  const arena = writeArena({
    sections: {
      root4: trie4.root,
      inner4: trie4.inner,
      leaf4: trie4.leaf,
      root6: trie6.root,
      nodes6: trie6.nodes,
      chains6: trie6.chains,
      portTab: portClasses.table,
      ...matrix,
      ...buildRoutePages(tables, labelCount, labelSets, ({ rule, route }) =>
        canShadowLocal(route, isMiddlebox[rule] === true),
      ),
      eni: buildEniTable(inventory, {
        sgIngress: groups.ingress,
        sgEgress: groups.egress,
        naclIngress: acls.ingress,
        naclEgress: acls.egress,
        routeTable: routing.tables,
        localRoute4: routing.local4,
        localRoute6: routing.local6,
      }),
      classFlags: buildClassFlags(flagged, labelSets),
      routeKind: Uint8Array.from(rules, (rule) => (rule.layer === 'route' ? routeKindCode(rule.kind) : 0)),
      routeIsMiddlebox: Uint8Array.from(isMiddlebox, Number),
      subnet6: buildSubnet6(inventory.subnets),
      resolvers: buildResolvers(inventory),
    },
    ruleCount: rules.length,
    pagesPerSet: Math.ceil(labelSets.length / CLASS_PAGE),
    hasMiddleboxRoutes,
    pointerBit4: trie4.pointerBit,
    fullLeaves4: trie4.fullLeaves,
  });
  const warnings = [...securityGroupWarnings(inventory), ...acls.warnings, ...routing.warnings];
  return { ...arena, catalog: numbered.catalog, warnings };
}
