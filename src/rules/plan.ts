import type { Inventory } from '../inventory/inventory.ts';
import { routeKindCode } from '../model/verdict.ts';
import { keepEqual } from './account.ts';
import { type AddressClasses, AddressLabels, classifyAddresses } from './address-class.ts';
import { type AddressMap, pairAddresses } from './address-pair.ts';
import { buildTrie6, type Trie4, Trie4Builder } from './address-trie.ts';
import { expandedRoutes, type RouteDraft, routeDrafts } from './catalog.ts';
import { extendAddresses, extendPorts } from './class-extension.ts';
import { buildClassFlags, buildEniTable, buildResolvers, buildSubnet6, flagLabels } from './eni-table.ts';
import { GroupMembers } from './group-members.ts';
import { invertSets, RunPartitioner, runsOfLabels } from './partition.ts';
import { classifyPorts, type PortClasses, PortSelectors } from './port-class.ts';
import { assignRouteTables, buildRoutePages, canShadowLocal, isMiddleboxRoute, routeLabels } from './route-table.ts';
import { RuleNumbers } from './rule-numbers.ts';
import type { RuleSet } from './rule-set.ts';
import { SecurityGroupCompiler } from './security-group.ts';
import { buildSetBlock, type ClassMembers, type SetBlock } from './set-block.ts';
import { type SubnetPlace, subnetPlaces } from './subnet-association.ts';

/** What addresses and ports are to rule sets, and how they get there. */
interface Classes {
  readonly addresses: AddressMap;
  /** Flags of each class to rule sets, see ClassFlag. */
  readonly flags: readonly number[];
  readonly ports: PortClasses;
  /** By class to rule sets, by port class: the class that it was cut from by an update; −1 = it was there before. */
  readonly addressOrigins: readonly number[];
  readonly portOrigins: readonly number[];
  readonly trie4: Trie4;
  readonly trie6: ReturnType<typeof buildTrie6>;
  /** Labels and selectors that the classes know. */
  readonly labels: number;
  readonly selectors: number;
}

/**
 * All that compiling needs of an account besides its rules, and what earlier versions of the rules left: labels,
 * selectors and classes keep their numbers, blocks of rule sets are found again by what the sets say.
 */
export class AccountPlan {
  readonly inventory: Inventory;
  readonly members: GroupMembers;
  readonly routeDrafts: readonly RouteDraft[];
  /** By place in `routeDrafts`: 1 = group references end behind it. */
  readonly isMiddlebox: Uint8Array;
  readonly routeKind: Uint8Array;
  /** Of every interface; routes are places in `routeDrafts`. */
  readonly routing: ReturnType<typeof assignRouteTables>;
  readonly hasMiddlebox: boolean;
  readonly labels: AddressLabels = new AddressLabels();
  readonly ports: PortSelectors = new PortSelectors();
  readonly flagged: ReturnType<typeof flagLabels>;
  readonly eni: Int32Array;
  readonly subnet6: Uint32Array;
  readonly resolvers: Uint32Array;
  /** Values are places in `routeDrafts`, or negative. */
  readonly routePages: ReturnType<typeof buildRoutePages>;
  readonly places: readonly SubnetPlace[];
  readonly rules: RuleNumbers;
  readonly groups: SecurityGroupCompiler;
  private readonly toRoutes: AddressClasses;
  private readonly trie4Builder = new Trie4Builder();
  private refined: Classes | undefined;
  private latest: Inventory;
  private updatesSeen = 0;
  /** By what their sets say: of the last version only. */
  private blocks = new Map<string, SetBlock>();

  constructor(inventory: Inventory) {
    this.inventory = inventory;
    this.latest = inventory;
    this.members = new GroupMembers(inventory);
    this.places = subnetPlaces(inventory);
    this.routeDrafts = routeDrafts(inventory);
    this.rules = new RuleNumbers(this.routeDrafts.map(({ entry }) => entry));
    this.groups = new SecurityGroupCompiler(this.members, this.labels, this.ports, this.rules);
    const endpointTypes = new Map(inventory.vpcEndpoints.map((endpoint) => [endpoint.id, endpoint.type]));
    this.isMiddlebox = Uint8Array.from(this.routeDrafts, ({ entry }) =>
      isMiddleboxRoute(entry.route, endpointTypes) ? 1 : 0,
    );
    this.hasMiddlebox = this.isMiddlebox.includes(1);
    const routed = new AddressLabels();
    const routes = expandedRoutes(this.routeDrafts, inventory.routeTables.length);
    const tables = routeLabels(routes, routed);
    this.routing = assignRouteTables(inventory, this.places, routes);
    this.routeKind = Uint8Array.from(this.routeDrafts, ({ entry }) => routeKindCode(entry.kind));
    this.toRoutes = classifyAddresses(routed);
    this.routePages = buildRoutePages(tables, routed.cidrs.length, this.toRoutes.labelSets, ({ place, route }) =>
      canShadowLocal(route, this.isMiddlebox[place] === 1),
    );
    this.flagged = flagLabels(inventory, this.labels);
    this.eni = buildEniTable(inventory);
    this.subnet6 = buildSubnet6(inventory.subnets);
    this.resolvers = buildResolvers(inventory);
  }

  get classes(): Classes {
    if (this.refined === undefined) throw new Error('addresses and ports have no classes yet');
    return this.refined;
  }

  /** Versions after the first one; one that says nothing new is none, it must not be what makes all bytes new. */
  get updates(): number {
    return this.updatesSeen;
  }

  /** A version of this account in which what says the same as in the one before is the same object. */
  kept(inventory: Inventory): Inventory {
    const before = this.latest;
    const securityGroups = keepEqual(before.securityGroups, inventory.securityGroups);
    const networkAcls = keepEqual(before.networkAcls, inventory.networkAcls);
    const isSame = sameObjects(before.securityGroups, securityGroups) && sameObjects(before.networkAcls, networkAcls);
    if (!isSame) this.updatesSeen++;
    this.latest = { ...inventory, securityGroups, networkAcls };
    return this.latest;
  }

  /** Brings the classes up to date with labels and selectors. */
  refine(): void {
    this.refined = this.refined === undefined ? this.firstClasses() : this.extended(this.refined);
  }

  private firstClasses(): Classes {
    const { labels, ports, flagged } = this;
    const toSets = classifyAddresses(labels);
    const addresses = pairAddresses(toSets, this.toRoutes);
    const portClasses = classifyPorts(ports);
    return {
      addresses,
      flags: buildClassFlags(flagged, toSets.labelSets),
      ports: portClasses,
      addressOrigins: toSets.labelSets.map(() => -1),
      portOrigins: portClasses.sure.map(() => -1),
      trie4: this.trie4Builder.build(addresses.intervals4, addresses.ruleClass.length),
      trie6: buildTrie6(addresses.intervals6),
      labels: labels.cidrs.length,
      selectors: ports.selectors.length,
    };
  }

  private extended(before: Classes): Classes {
    const known = { labels: this.labels.cidrs.length, selectors: this.ports.selectors.length };
    let classes: Classes = { ...before, ...known };
    if (before.labels < known.labels) {
      const { classes: addresses, origins } = extendAddresses(before.addresses, this.labels, before.labels);
      const isSame6 = addresses.intervals6 === before.addresses.intervals6;
      classes = {
        ...classes,
        addresses,
        flags: before.flags.concat(origins.map((origin) => before.flags[origin] ?? 0)),
        addressOrigins: before.addressOrigins.concat(origins),
        trie4: this.trie4Builder.build(addresses.intervals4, addresses.ruleClass.length),
        trie6: isSame6 ? before.trie6 : buildTrie6(addresses.intervals6),
      };
    }
    if (before.selectors < known.selectors) {
      const { classes: ports, origins } = extendPorts(before.ports, this.ports, before.selectors);
      classes = { ...classes, ports, portOrigins: before.portOrigins.concat(origins) };
    }
    return classes;
  }

  /** The block of each set; `indexOf`: see NumberedRules. */
  blocksOf(sets: readonly RuleSet[], indexOf: Int32Array): readonly SetBlock[] {
    const before = this.blocks;
    const blocks = new Map<string, SetBlock>();
    let members: ClassMembers | undefined;
    const found = sets.map((set) => {
      let block = blocks.get(set.key) ?? before.get(set.key);
      if (block === undefined) {
        members ??= this.classMembers();
        block = buildSetBlock(set, members, indexOf);
      }
      blocks.set(set.key, block);
      return block;
    });
    this.blocks = blocks;
    return found;
  }

  private classMembers(): ClassMembers {
    const { labelSets } = this.classes.addresses;
    const { sure, possible } = this.classes.ports;
    const sureOf = invertSets(this.ports.selectors.length, sure);
    const possibleOf = invertSets(this.ports.selectors.length, possible);
    return {
      addressClasses: new RunPartitioner(labelSets.length),
      labelRuns: runsOfLabels(this.labels.cidrs.length, labelSets),
      portClasses: sure.length,
      selectorClasses: (selector, maybe) => (maybe ? possibleOf : sureOf)[selector] ?? NONE,
    };
  }
}

const NONE: readonly number[] = [];

function sameObjects(a: readonly object[], b: readonly object[]): boolean {
  return a.length === b.length && a.every((object, i) => object === b[i]);
}
