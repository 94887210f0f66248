import type { Inventory } from '../inventory/inventory.ts';
import type { Catalog } from '../rules/catalog.ts';
import type { RulesView } from '../rules/view.ts';

/** One inventory version as explain reads it. */
export interface ExplainTables {
  readonly inventory: Inventory;
  readonly view: RulesView;
  readonly catalog: Catalog;
}
