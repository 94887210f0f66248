import type { Inventory, Peer, Selector } from '../../src/inventory/inventory.ts';
import type { Cidr } from '../../src/model/ip.ts';

/** Inclusive range of IPv4 addresses. */
type Range = readonly [first: number, last: number];

const PORT_MAX = 65_535;
const PROTOCOL_MAX = 255;
const SECONDS_MAX = 0xffff_ffff;

/** What a person would load into DuckDB for one layer: rules expanded to ranges, interfaces, pods. IPv4 only. */
export interface RuleTables {
  /** Distinct set of groups × direction × rule × stretch of addresses; joined on the set, BETWEEN on the rest. */
  readonly rules: readonly {
    /** Different for each rule of a set, ascending. */
    readonly number: number;
    readonly groupSet: number;
    readonly egress: boolean;
    readonly protocol: Range;
    readonly ports: Range;
    readonly addresses: Range;
  }[];
  readonly interfaces: readonly { readonly id: string; readonly address: string; readonly groupSet: number }[];
  /** One pod an address: who had it when is beyond an equality join. */
  readonly pods: readonly { readonly address: string; readonly namespace: string }[];
  /** Who held an address from second `first` up to, not including, `last`; for the join by time. */
  readonly held: readonly Held[];
}

interface Held {
  readonly address: string;
  /** The same as an unsigned integer. */
  readonly number: number;
  readonly namespace: string;
  readonly first: number;
  readonly last: number;
}

export function ruleTables(inventory: Inventory): RuleTables {
  const groupSets = new Map<string, number>();
  const interfaces: { id: string; address: string; groupSet: number }[] = [];
  const members = new Map<string, Cidr[]>();
  for (const eni of inventory.networkInterfaces) {
    const groups = [...new Set(eni.groups ?? [])].sort();
    const key = groups.join(' ');
    const groupSet = groupSets.get(key) ?? groupSets.size;
    groupSets.set(key, groupSet);
    const own = [...(eni.primary === null ? [] : [eni.primary]), ...eni.secondary];
    const cidrs = [...own.flatMap((a) => (a.family === 4 ? [{ ...a, length: 32 }] : [])), ...eni.prefixes];
    for (const group of groups) members.set(group, [...(members.get(group) ?? []), ...cidrs]);
    if (eni.primary?.family === 4) interfaces.push({ id: eni.id, address: dotted(eni.primary.words[0]), groupSet });
  }
  const rules: RuleTables['rules'][number][] = [];
  let number = 0;
  for (const [key, groupSet] of groupSets) {
    const ids = new Set(key.split(' '));
    for (const rule of inventory.securityGroups.filter((g) => ids.has(g.id)).flatMap((g) => g.rules)) {
      number++;
      if (!rule.selector.valid) continue;
      const { protocol, ports } = selectorRanges(rule.selector);
      for (const addresses of merged(peerCidrs(rule.peer, inventory, members)))
        rules.push({ number, groupSet, egress: rule.egress, protocol, ports, addresses });
    }
  }
  const namespaces = new Map<string, string>();
  for (const { address, namespace } of inventory.pods)
    if (address.family === 4) namespaces.set(dotted(address.words[0]), namespace);
  const pods = [...namespaces].map(([address, namespace]) => ({ address, namespace }));
  return { rules, interfaces, pods, held: heldAddresses(inventory) };
}

/** Pods of the host network share their node's address: nobody's alone. */
function heldAddresses(inventory: Inventory): Held[] {
  return inventory.pods.flatMap(({ address, namespace, startSeconds, endSeconds, hostNetwork }) =>
    address.family !== 4 || hostNetwork
      ? []
      : [
          {
            address: dotted(address.words[0]),
            number: address.words[0],
            namespace,
            first: Math.max(startSeconds, 0),
            last: Math.min(endSeconds, SECONDS_MAX),
          },
        ],
  );
}

function selectorRanges(selector: Selector): { readonly protocol: Range; readonly ports: Range } {
  const { protocol, ports } = selector;
  return {
    protocol: protocol === -1 ? [0, PROTOCOL_MAX] : [protocol, protocol],
    ports: ports === null ? [0, PORT_MAX] : [ports.from, ports.to],
  };
}

function peerCidrs(peer: Peer, inventory: Inventory, members: ReadonlyMap<string, readonly Cidr[]>): readonly Cidr[] {
  if (peer.kind === 'cidr') return [peer.cidr];
  if (peer.kind === 'group') return members.get(peer.id) ?? [];
  return inventory.prefixLists.find((list) => list.id === peer.id)?.cidrs ?? [];
}

/** IPv4 blocks as few ranges: the fewer rows, the better for the join. */
function merged(cidrs: readonly Cidr[]): Range[] {
  const ranges = cidrs.flatMap((cidr): Range[] => {
    if (cidr.family !== 4) return [];
    return [[cidr.words[0], cidr.words[0] + 2 ** (32 - cidr.length) - 1]];
  });
  ranges.sort((a, b) => a[0] - b[0]);
  const result: Range[] = [];
  for (const range of ranges) {
    const last = result.at(-1);
    if (last !== undefined && range[0] <= last[1] + 1)
      result[result.length - 1] = [last[0], Math.max(last[1], range[1])];
    else result.push(range);
  }
  return result;
}

function dotted(word: number): string {
  return [24, 16, 8, 0].map((shift) => (word >>> shift) & 255).join('.');
}
