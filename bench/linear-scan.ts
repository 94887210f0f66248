import { loadInventory } from '../src/inventory/load.ts';
import { type RuleTables, ruleTables } from './rivals/duckdb-tables.ts';

/** Whether any security group rule of the logging interface matches the record as a request: DuckDB's question. */
export type Permits = (fields: readonly string[]) => boolean;

/** Looks at one rule after the other, for records of the default format. */
export async function linearScan(inventory: string): Promise<Permits> {
  const newest = (await loadInventory(inventory)).versions.at(-1);
  if (newest === undefined) throw new Error(`${inventory}: no version`);
  const { rules, interfaces } = ruleTables(newest);
  const interfaceOf = new Map(interfaces.map((i) => [i.id, i]));
  const rulesOf = new Map<string, RuleTables['rules'][number][]>();
  for (const rule of rules) {
    const key = `${rule.groupSet} ${rule.egress}`;
    rulesOf.set(key, [...(rulesOf.get(key) ?? []), rule]);
  }
  return ([, , interfaceId = '', src = '', dst = '', , dstPort, protocol]) => {
    const logging = interfaceOf.get(interfaceId);
    if (logging === undefined) return false;
    const egress = src === logging.address;
    const remote = addressNumber(egress ? dst : src);
    const inside = (value: number, [first, last]: readonly [number, number]): boolean =>
      value >= first && value <= last;
    return (rulesOf.get(`${logging.groupSet} ${egress}`) ?? []).some(
      (rule) =>
        inside(Number(protocol), rule.protocol) &&
        inside(Number(dstPort), rule.ports) &&
        inside(remote, rule.addresses),
    );
  };
}

function addressNumber(text: string): number {
  return text.split('.').reduce((number, octet) => number * 256 + Number(octet), 0);
}
