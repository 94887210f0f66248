import type { Inventory, NetworkInterface, SecurityGroupRule } from '../inventory/inventory.ts';
import { type Cidr, hostCidr } from '../model/ip.ts';
import { isMaybe } from '../rules/port-class.ts';
import type { AccountFlows } from './account-trace.ts';
import { prefixMask } from './classbench.ts';

/** Words of an entry: base and mask, protocol (−1 = all), ports as from | to << 16, the rule. */
const ENTRY_WORDS = 5;

/** Ingress rules of every interface as one list of IPv4 entries each, in canonical order; equal lists are one. */
export interface LinearGroups {
  /** List of each interface; −1 = it has no groups, or they are not known. */
  readonly listOf: Int32Array;
  readonly lists: readonly Int32Array[];
  /** Entries of the longest list. */
  readonly longest: number;
}

interface Entry {
  readonly cidr: Cidr;
  readonly rule: SecurityGroupRule;
}

/**
 * The rival that needs no theory, and whose answer every other must equal: group references and prefix lists written
 * out, the most specific entry first. Only what matches for certain; references to groups of other accounts, ICMP
 * types and ports from > to do not. `numberOf` gives the rule index by rule id.
 */
export function linearGroups(inventory: Inventory, numberOf: ReadonlyMap<string, number>): LinearGroups {
  const groups = new Map(inventory.securityGroups.map((group) => [group.id, group]));
  const members = new Map<string, Cidr[]>();
  for (const eni of inventory.networkInterfaces) {
    for (const id of new Set(eni.groups)) {
      const same = members.get(id);
      if (same === undefined) members.set(id, [...addressesOf(eni)]);
      else same.push(...addressesOf(eni));
    }
  }
  const prefixLists = new Map(inventory.prefixLists.map((list) => [list.id, list.cidrs ?? []]));
  const expand = (rule: SecurityGroupRule): readonly Cidr[] => {
    if (rule.peer.kind === 'cidr') return [rule.peer.cidr];
    return (rule.peer.kind === 'prefix-list' ? prefixLists.get(rule.peer.id) : members.get(rule.peer.id)) ?? [];
  };
  const numbers = new Map<string, number>();
  const lists: Int32Array[] = [];
  const listOf = Int32Array.from(inventory.networkInterfaces, ({ groups: ids }) => {
    if (ids === null || ids.length === 0) return -1;
    const key = [...new Set(ids)].sort().join();
    let list = numbers.get(key);
    if (list === undefined) {
      list = lists.length;
      numbers.set(key, list);
      const rules = [...new Set(ids)].flatMap((id) => groups.get(id)?.rules ?? []).filter(isCertainIngress);
      const entries = rules.flatMap((rule) => expand(rule).map((cidr) => ({ cidr, rule })));
      lists.push(wordsOf(entries, numberOf));
    }
    return list;
  });
  return { listOf, lists, longest: Math.max(0, ...lists.map((list) => list.length / ENTRY_WORDS)) };
}

function addressesOf(eni: NetworkInterface): readonly Cidr[] {
  const singles = eni.primary === null ? eni.secondary : [eni.primary, ...eni.secondary];
  return [...singles.map(hostCidr), ...eni.prefixes];
}

function isCertainIngress({ egress, selector }: SecurityGroupRule): boolean {
  return !egress && selector.valid && !isMaybe(selector);
}

function wordsOf(entries: readonly Entry[], numberOf: ReadonlyMap<string, number>): Int32Array {
  const sorted = entries.filter(({ cidr }) => cidr.family === 4).sort(moreSpecific);
  return Int32Array.from(
    sorted.flatMap(({ cidr, rule }) => {
      const { protocol, ports } = rule.selector;
      const ranged = ports !== null && (protocol === 6 || protocol === 17);
      const range = ranged ? ports.from | (ports.to << 16) : 0xffff << 16;
      return [cidr.words[0] ?? 0, prefixMask(cidr.length), protocol, range, numberOf.get(rule.id) ?? -1];
    }),
  );
}

/** A group reference counts as the single address, then named protocols, then narrow port ranges, then the id. */
function moreSpecific(a: Entry, b: Entry): number {
  const length = ({ cidr, rule }: Entry): number => (rule.peer.kind === 'group' ? 32 : cidr.length);
  const width = ({ rule: { selector } }: Entry): number => {
    if (selector.protocol < 0) return 2 ** 17;
    if (selector.protocol === 1 || selector.protocol === 58) return 2;
    const { ports } = selector;
    return ports === null || (selector.protocol !== 6 && selector.protocol !== 17) ? 65535 : ports.to - ports.from;
  };
  return length(b) - length(a) || width(a) - width(b) || (a.rule.id < b.rule.id ? -1 : a.rule.id > b.rule.id ? 1 : 0);
}

/** First matching entry's rule for flows 0 … count − 1; −1 = none, −9 = not judged. */
export function judgeLinear(linear: LinearGroups, flows: AccountFlows, count: number, out: Int32Array): void {
  for (let i = 0; i < count; i++) {
    const list = linear.lists[linear.listOf[flows.dstEni[i]!]!];
    if (list === undefined) {
      out[i] = -9;
      continue;
    }
    const src = flows.src[i]!;
    const protocol = flows.protocol[i]!;
    const port = protocol === 6 || protocol === 17 ? flows.dstPort[i]! : 0;
    let found = -1;
    for (let q = 0; q < list.length; q += ENTRY_WORDS) {
      if (((src ^ list[q]!) & list[q + 1]!) !== 0) continue;
      const wanted = list[q + 2]!;
      if (wanted >= 0 && wanted !== protocol) continue;
      const range = list[q + 3]!;
      if (port < (range & 0xffff) || port > range >>> 16) continue;
      found = list[q + 4]!;
      break;
    }
    out[i] = found;
  }
}
