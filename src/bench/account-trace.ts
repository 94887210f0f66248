import type { Inventory } from '../inventory/inventory.ts';
import type { Cidr } from '../model/ip.ts';
import { Random, zipfSampler } from './random.ts';

/** Flows between interfaces in columns. */
export interface AccountFlows {
  readonly count: number;
  /** Index of the interface that sends, and of the one that receives. */
  readonly srcEni: Int32Array;
  readonly dstEni: Int32Array;
  readonly src: Uint32Array;
  readonly dst: Uint32Array;
  readonly dstPort: Uint16Array;
  readonly protocol: Uint8Array;
}

function createFlows(count: number): AccountFlows {
  return {
    count,
    srcEni: new Int32Array(count),
    dstEni: new Int32Array(count),
    src: new Uint32Array(count),
    dst: new Uint32Array(count),
    dstPort: new Uint16Array(count),
    protocol: new Uint8Array(count),
  };
}

/** Distinct flows of a Zipf trace. */
const ZIPF_FLOWS = 131_072;

/** What flows of an account are drawn from. */
interface Pool {
  /** Interfaces with an IPv4 address, and all such addresses of each. */
  readonly enis: readonly { readonly index: number; readonly addresses: readonly number[] }[];
  /** What rules name besides groups. */
  readonly cidrs: readonly Cidr[];
  readonly selectors: readonly { readonly protocol: number; readonly from: number; readonly to: number }[];
}

function poolOf(inventory: Inventory): Pool {
  const rules = inventory.securityGroups.flatMap((group) => group.rules);
  const cidrs = [
    ...rules.flatMap(({ peer }) => (peer.kind === 'cidr' ? [peer.cidr] : [])),
    ...inventory.prefixLists.flatMap((list) => list.cidrs ?? []),
  ].filter((cidr) => cidr.family === 4);
  const enis = inventory.networkInterfaces.flatMap((eni, index) => {
    const addresses = [eni.primary, ...eni.secondary].flatMap((a) => (a?.family === 4 ? [a.words[0]] : []));
    return addresses.length === 0 ? [] : [{ index, addresses }];
  });
  const selectors = rules.map(({ selector: { protocol, ports } }) => ({
    protocol: protocol < 0 ? 6 : protocol,
    from: ports?.from ?? 0,
    to: ports?.to ?? 65535,
  }));
  return { enis, cidrs, selectors };
}

/**
 * Flows whose ends are interfaces (two in three), networks that rules name, or anyone; ports mostly of rules.
 * Undefined when no interface has an IPv4 address. `zipf` repeats flows with exponent 1.
 */
export function drawFlows(inventory: Inventory, count: number, zipf: boolean, seed: number): AccountFlows | undefined {
  const random = new Random(seed);
  const pool = poolOf(inventory);
  if (pool.enis.length === 0) return undefined;
  const distinct = createFlows(zipf ? Math.min(count, ZIPF_FLOWS) : count);
  for (let i = 0; i < distinct.count; i++) drawFlow(pool, random, distinct, i);
  if (!zipf) return distinct;
  const flows = createFlows(count);
  const next = zipfSampler(distinct.count, 1, random);
  for (let i = 0; i < count; i++) {
    const from = next();
    for (const name of ['srcEni', 'dstEni', 'src', 'dst', 'dstPort', 'protocol'] as const) {
      flows[name][i] = distinct[name][from] ?? 0;
    }
  }
  return flows;
}

function drawFlow({ enis, cidrs, selectors }: Pool, random: Random, flows: AccountFlows, i: number): void {
  const sender = random.pick(enis);
  const receiver = random.pick(enis);
  const addressOf = (own: readonly number[]): number => {
    const roll = random.next();
    if (roll < 0.67) return random.pick(own);
    if (roll > 0.95 || cidrs.length === 0) return random.below(2 ** 32);
    const cidr = random.pick(cidrs);
    return cidr.words[0] + random.below(2 ** (32 - cidr.length));
  };
  flows.srcEni[i] = sender.index;
  flows.dstEni[i] = receiver.index;
  flows.src[i] = addressOf(sender.addresses);
  flows.dst[i] = addressOf(receiver.addresses);
  const selector = selectors.length === 0 ? { protocol: 6, from: 0, to: 65535 } : random.pick(selectors);
  const inRange = random.next() < 0.8;
  flows.protocol[i] = random.next() < 0.9 ? selector.protocol : random.pick([6, 17, 1, 50]);
  flows.dstPort[i] = inRange ? selector.from + random.below(selector.to - selector.from + 1) : random.below(65536);
}
