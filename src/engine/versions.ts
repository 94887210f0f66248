import type { Inventory, InventoryWarning } from '../inventory/inventory.ts';
import type { LoadedInventory } from '../inventory/load.ts';
import type { Names } from '../model/names.ts';
import { buildPodMap } from '../pods/build.ts';
import { eniNames, podNames } from '../pods/names.ts';
import type { ServiceTable } from '../pods/services.ts';
import { buildSnat, type SnatTable } from '../pods/snat.ts';
import { NUMBERS_MAX } from '../pods/twins.ts';
import { attachRules } from '../rules/arena.ts';
import type { Catalog } from '../rules/catalog.ts';
import { RuleCompiler } from '../rules/compile.ts';
import { compileFacts, type InterfaceFacts } from '../rules/interface-facts.ts';
import { ENI_STRIDE, EniWord, type RulesView } from '../rules/view.ts';
import { groupOwners } from './owner-groups.ts';
import type { OwnerGroups } from './tally.ts';

/** One inventory version as it travels to workers: shared memory and, for rows, names. */
export interface SharedVersion {
  /** Unix seconds; 0 for the first version. */
  readonly validFromSeconds: number;
  /** RFC 3339 instant of the version, or `all`. */
  readonly label: string;
  readonly rules: SharedArrayBuffer;
  readonly rulesBytes: number;
  readonly pods: SharedArrayBuffer;
  readonly podsBytes: number;
  readonly facts: InterfaceFacts;
  readonly snat: SnatTable;
  readonly services: ServiceTable;
  /** Interface ids by ENI index. */
  readonly eniIds: readonly string[];
  /** VPC ids by their number in the pod map. */
  readonly vpcIds: readonly string[];
  /** Number of each interface: the same in every version, and in every generation of a live inventory. */
  readonly eniNumbers: Uint32Array;
  readonly hasNetworkPolicies: boolean;
  readonly groups: OwnerGroups;
  readonly names: Names;
}

/** What the main thread keeps of a version besides: the words behind the numbers. */
export interface CompiledVersion {
  readonly shared: SharedVersion;
  readonly view: RulesView;
  readonly catalog: Catalog;
  readonly groupLabels: readonly string[];
  readonly inventory: Inventory;
}

export interface CompiledInventory {
  readonly versions: readonly CompiledVersion[];
  readonly warnings: readonly InventoryWarning[];
}

/** Numbers that interfaces keep from one generation of an inventory to the next: what the twin table knows them by. */
export class InterfaceNumbers {
  private numbers = new Map<string, number>();
  private next = 0;

  of(id: string): number {
    let number = this.numbers.get(id);
    if (number === undefined) {
      number = this.next++ % NUMBERS_MAX;
      this.numbers.set(id, number);
    }
    return number;
  }

  /** Forgets interfaces that no version has any more. */
  keep(versions: readonly CompiledVersion[]): void {
    const ids = new Set(versions.flatMap(({ shared }) => shared.eniIds));
    this.numbers = new Map([...this.numbers].filter(([id]) => ids.has(id)));
  }
}

/**
 * Compiles every version of an inventory, ascending in time; `compiler` may know versions before them, `numbers` are
 * those of the generation before, where there is one.
 */
export function compileInventory(
  loaded: LoadedInventory,
  compiler: RuleCompiler = new RuleCompiler(),
  numbers: InterfaceNumbers = new InterfaceNumbers(),
): CompiledInventory {
  const warnings = [...loaded.warnings];
  const versions = loaded.versions.map((inventory, index) => {
    const compiled = compiler.compile(inventory);
    const pods = buildPodMap(inventory);
    warnings.push(...compiled.warnings, ...pods.warnings);
    const view = attachRules(compiled.buffer, 0, compiled.byteLength);
    const names = namesOf(inventory, compiled.catalog, pods.services.names);
    const kinds = names.enis.map((_, eni) => view.eni[eni * ENI_STRIDE + EniWord.kind] ?? 0);
    const { groups, labels } = groupOwners(names, kinds);
    const shared: SharedVersion = {
      validFromSeconds: index === 0 ? 0 : (inventory.validFrom ?? 0),
      label: inventory.label,
      rules: compiled.buffer,
      rulesBytes: compiled.byteLength,
      pods: pods.buffer,
      podsBytes: pods.byteLength,
      facts: compileFacts(inventory, compiled.catalog),
      snat: buildSnat(inventory),
      services: pods.services.table,
      eniIds: inventory.networkInterfaces.map((eni) => eni.id),
      vpcIds: pods.vpcIds,
      eniNumbers: Uint32Array.from(inventory.networkInterfaces, (eni) => numbers.of(eni.id)),
      hasNetworkPolicies: inventory.networkPolicies > 0,
      groups,
      names,
    };
    return { shared, view, catalog: compiled.catalog, groupLabels: labels, inventory };
  });
  return { versions, warnings: distinct(warnings) };
}

function namesOf(inventory: Inventory, catalog: Catalog, services: readonly string[]): Names {
  return {
    rules: catalog.rules.map((rule) => rule.id),
    routeTarget: catalog.rules.map((rule) => (rule.layer === 'route' ? rule.target : null)),
    routePrefix: catalog.rules.map((rule) => (rule.layer === 'route' ? rule.prefix : null)),
    enis: eniNames(inventory),
    pods: podNames(inventory),
    services,
  };
}

/** The same oddity in several versions is said once. */
function distinct(warnings: readonly InventoryWarning[]): InventoryWarning[] {
  const seen = new Map(warnings.map((w) => [`${w.file}\n${w.path}\n${w.message}`, w]));
  return [...seen.values()];
}
