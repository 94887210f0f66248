import type { Inventory } from '../inventory/inventory.ts';
import { routeKindCode } from '../model/verdict.ts';
import { type AddressClasses, AddressLabels, classifyAddresses } from './address-class.ts';
import { type AddressPairs, createPairs, pairIntervals } from './address-pair.ts';
import { buildTrie6, type Trie4, Trie4Builder } from './address-trie.ts';
import { type CatalogRule, expandedRoutes, type RouteDraft, routeDrafts } from './catalog.ts';
import { extendAddresses, extendBlock, extendPorts } from './class-extension.ts';
import { buildEniTable, buildResolvers, buildSubnet6, flagLabels } from './eni-table.ts';
import { GroupMembers } from './group-members.ts';
import { invertSets, RunPartitioner, runsOfItems } from './partition.ts';
import { classifyPorts, type PortClasses, PortSelectors } from './port-class.ts';
import { assignRouteTables, buildRoutePages, canShadowLocal, isMiddleboxRoute, routeLabels } from './route-table.ts';
import type { RuleSet } from './rule-set.ts';
import { buildSetBlock, type ClassMembers, type SetBlock } from './set-block.ts';

/** What leads from addresses to classes; good as long as the classes to rule sets are `toSets`. */
interface Tries {
  readonly toSets: AddressClasses;
  readonly trie4: Trie4;
  readonly trie6: ReturnType<typeof buildTrie6>;
  readonly ruleClass: Int32Array;
  readonly routeClass: Int32Array;
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
  private readonly pairs: AddressPairs = createPairs();
  private readonly toRoutes: AddressClasses;
  private readonly trie4Builder = new Trie4Builder();
  private addressClasses: AddressClasses | undefined;
  private classes: PortClasses | undefined;
  private triesMade: Tries | undefined;
  /** Labels and selectors that the classes know. */
  private labelsKnown = 0;
  private selectorsKnown = 0;
  /** Blocks that had to be built, over all versions. */
  private built = 0;
  /** By what their sets say: of the last version only. */
  private blocks = new Map<string, SetBlock>();

  constructor(inventory: Inventory) {
    this.inventory = inventory;
    this.members = new GroupMembers(inventory);
    this.routeDrafts = routeDrafts(inventory);
    const endpointTypes = new Map(inventory.vpcEndpoints.map((endpoint) => [endpoint.id, endpoint.type]));
    this.isMiddlebox = Uint8Array.from(this.routeDrafts, ({ entry }) =>
      isMiddleboxRoute(entry.route, endpointTypes) ? 1 : 0,
    );
    this.hasMiddlebox = this.isMiddlebox.includes(1);
    const routed = new AddressLabels();
    const routes = expandedRoutes(this.routeDrafts, inventory.routeTables.length);
    const tables = routeLabels(routes, routed);
    this.routing = assignRouteTables(inventory, routes);
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

  get toSets(): AddressClasses {
    if (this.addressClasses === undefined) throw new Error('addresses have no classes yet');
    return this.addressClasses;
  }

  get blocksBuilt(): number {
    return this.built;
  }

  get portClasses(): PortClasses {
    if (this.classes === undefined) throw new Error('ports have no classes yet');
    return this.classes;
  }

  /** Brings the classes up to date with labels and selectors, and with them the blocks of the version before. */
  refine(): void {
    const addressOrigins = this.refineAddresses();
    const portOrigins = this.refinePorts();
    for (const [key, block] of this.blocks) this.blocks.set(key, extendBlock(block, addressOrigins, portOrigins));
  }

  private refineAddresses(): readonly number[] {
    const { labels, addressClasses, labelsKnown } = this;
    this.labelsKnown = labels.cidrs.length;
    if (addressClasses === undefined) {
      this.addressClasses = classifyAddresses(labels);
      return [];
    }
    if (labelsKnown === labels.cidrs.length) return [];
    const { classes, origins } = extendAddresses(addressClasses, labels, labelsKnown);
    this.addressClasses = classes;
    return origins;
  }

  private refinePorts(): readonly number[] {
    const { ports, classes: before, selectorsKnown } = this;
    this.selectorsKnown = ports.selectors.length;
    if (before === undefined) {
      this.classes = classifyPorts(ports);
      return [];
    }
    if (selectorsKnown === ports.selectors.length) return [];
    const { classes, origins } = extendPorts(before, ports);
    this.classes = classes;
    return origins;
  }

  /** The block of each set; `rules`: what the rule numbers of its entries mean. */
  blocksOf(sets: readonly RuleSet[], rules: readonly CatalogRule[]): readonly SetBlock[] {
    const before = this.blocks;
    const blocks = new Map<string, SetBlock>();
    let members: ClassMembers | undefined;
    const found = sets.map((set) => {
      const key = keyOf(set, rules);
      let block = blocks.get(key) ?? before.get(key);
      if (block === undefined) {
        members ??= this.classMembers();
        block = buildSetBlock(set, members);
        this.built++;
      }
      blocks.set(key, block);
      return block;
    });
    this.blocks = blocks;
    return found;
  }

  /** Finds the pair of classes of an address. */
  tries(): Tries {
    const { toSets, toRoutes, pairs } = this;
    if (this.triesMade?.toSets === toSets) return this.triesMade;
    const intervals4 = pairIntervals(pairs, toSets.intervals4, toRoutes.intervals4);
    const intervals6 = pairIntervals(pairs, toSets.intervals6, toRoutes.intervals6);
    const trie4 = this.trie4Builder.build(intervals4, pairs.ruleClass.length);
    this.triesMade = {
      toSets,
      trie4,
      trie6: buildTrie6(intervals6),
      ruleClass: Int32Array.from(pairs.ruleClass),
      routeClass: Int32Array.from(pairs.routeClass),
    };
    return this.triesMade;
  }

  private classMembers(): ClassMembers {
    const { labelSets } = this.toSets;
    const { sure, possible } = this.portClasses;
    const classesOf = invertSets(this.labels.cidrs.length, labelSets);
    const runs = new Map<number, Int32Array>();
    const labelRuns = (label: number): Int32Array => {
      const known = runs.get(label) ?? runsOfItems(classesOf[label] ?? NONE);
      runs.set(label, known);
      return known;
    };
    const sureOf = invertSets(this.ports.selectors.length, sure);
    const possibleOf = invertSets(this.ports.selectors.length, possible);
    return {
      addressClasses: new RunPartitioner(labelSets.length),
      labelRuns,
      portClasses: sure.length,
      selectorClasses: (selector, maybe) => (maybe ? possibleOf : sureOf)[selector] ?? NONE,
    };
  }
}

const NONE = new Int32Array(0);

/** What a set says, in words that stay the same when other rules come and go. */
function keyOf({ layer, undescribed, entries }: RuleSet, rules: readonly CatalogRule[]): string {
  let key = `${layer} ${undescribed}`;
  for (const { rule, selector, selectorMaybe, label, peerMaybe, rank, order, allow } of entries) {
    const flags = (selectorMaybe ? 1 : 0) | (peerMaybe ? 2 : 0) | (allow ? 4 : 0);
    key += `\0${rules[rule]?.id}\0${selector} ${label} ${rank} ${order} ${flags}`;
  }
  return key;
}
