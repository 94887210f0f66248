import type { Inventory } from '../inventory/inventory.ts';
import { type Catalog, type CatalogRule, compareText, networkAclDrafts, securityGroupDrafts } from './catalog.ts';

type FilterLayer = 'sg' | 'nacl';

/** The catalog with the ways from rules to rule indices that the compiler needs. */
export interface NumberedRules {
  readonly catalog: Catalog;
  /** Index of each rule, by its number in RuleNumbers; −1 = this version has no such rule. */
  readonly indexOf: Int32Array;
  /** Index of the first route: routes come last, in the order of `routeDrafts`. */
  readonly firstRoute: number;
}

/**
 * Numbers of the rules of security groups and network ACLs that stay while others come and go: an index of the catalog
 * is another in each version. Rules with the same id in one layer are one rule.
 */
export class RuleNumbers {
  private readonly byId = { sg: new Map<string, number>(), nacl: new Map<string, number>() };
  private count = 0;
  private readonly routes: readonly CatalogRule[];
  /** Of a security group or network ACL, by id. */
  private readonly drafts = new WeakMap<object, readonly CatalogRule[]>();

  constructor(routes: readonly CatalogRule[]) {
    this.routes = routes;
  }

  of(layer: FilterLayer, id: string): number {
    const known = this.byId[layer];
    let number = known.get(id);
    if (number === undefined) {
      number = this.count++;
      known.set(id, number);
    }
    return number;
  }

  /** The catalog of a version: by layer, then id by code unit. */
  index({ securityGroups, networkAcls }: Inventory): NumberedRules {
    const drafts = [
      ...sorted(securityGroups.map((group) => this.draftsOf(group, securityGroupDrafts))),
      ...sorted(networkAcls.map((acl) => this.draftsOf(acl, networkAclDrafts))),
    ];
    const numbers = drafts.map(({ layer, id }) => this.of(layer as FilterLayer, id));
    const indexOf = new Int32Array(this.count).fill(-1);
    const filters: CatalogRule[] = [];
    drafts.forEach((draft, i) => {
      const number = numbers[i] ?? 0;
      if (indexOf[number] === -1) indexOf[number] = filters.push(draft) - 1;
    });
    return { catalog: { rules: filters.concat(this.routes) }, indexOf, firstRoute: filters.length };
  }

  private draftsOf<T extends object>(object: T, make: (object: T) => readonly CatalogRule[]): readonly CatalogRule[] {
    let drafts = this.drafts.get(object);
    if (drafts === undefined) {
      drafts = sorted([make(object)]);
      this.drafts.set(object, drafts);
    }
    return drafts;
  }
}

function sorted(lists: readonly (readonly CatalogRule[])[]): CatalogRule[] {
  return lists.flat().sort((a, b) => compareText(a.id, b.id));
}
