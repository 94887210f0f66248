import type { Inventory, NetworkInterface, Peer, Selector } from '../../src/inventory/inventory.ts';
import type { Address, Cidr } from '../../src/model/ip.ts';

/*
 * AWS's meaning of one packet as a linear scan over rules that are not compiled, on plain numbers so that millions of
 * packets can be asked. Only what is certain: no ICMP types, no unknown lists, groups of one account.
 */

/** `words`: four, IPv4 in the first. */
export interface Packet {
  readonly family: 4 | 6;
  readonly words: readonly number[];
  readonly protocol: number;
  readonly port: number;
}

interface ScanRule {
  readonly id: string;
  readonly selector: Selector;
  readonly prefixes: readonly Cidr[];
  /** A reference to a group counts as the single address, whatever its members hold. */
  readonly isReference: boolean;
  readonly isAllow: boolean;
}

/** Rules of one direction of one layer; `first` = the first match decides, else the most specific. */
export interface Scan {
  readonly first: boolean;
  readonly rules: readonly ScanRule[];
}

function ownCidrs({ primary, secondary, prefixes }: NetworkInterface): Cidr[] {
  const singles = [primary, ...secondary].filter((address): address is Address => address !== null);
  return [...singles.map((a): Cidr => ({ ...a, length: a.family === 4 ? 32 : 128 })), ...prefixes];
}

function prefixesOf(world: Inventory, peer: Peer): readonly Cidr[] {
  if (peer.kind === 'cidr') return [peer.cidr];
  if (peer.kind === 'prefix-list') return world.prefixLists.find((list) => list.id === peer.id)?.cidrs ?? [];
  return world.networkInterfaces.filter((eni) => eni.groups?.includes(peer.id)).flatMap(ownCidrs);
}

export function groupScan(world: Inventory, eni: NetworkInterface, egress: boolean): Scan {
  const groups = world.securityGroups.filter((group) => eni.groups?.includes(group.id));
  const rules = groups.flatMap((group) =>
    group.rules
      .filter((rule) => rule.egress === egress)
      .map(({ id, selector, peer }) => {
        const isReference = peer.kind === 'group';
        return { id, selector, prefixes: prefixesOf(world, peer), isReference, isAllow: true };
      }),
  );
  return { first: false, rules: rules.sort((a, b) => (a.id < b.id ? -1 : 1)) };
}

export function aclScan(world: Inventory, egress: boolean): Scan {
  const entries = world.networkAcls.flatMap((acl) => acl.entries).filter((entry) => entry.egress === egress);
  entries.sort((a, b) => a.number - b.number);
  const rules = entries.map(({ id, selector, cidr, allow }) => {
    return { id, selector, prefixes: [cidr], isReference: false, isAllow: allow };
  });
  return { first: true, rules };
}

/** Free bits of the prefix around the packet's peer, −1 = outside. */
function freeBits({ family, words, length }: Cidr, packet: Packet): number {
  if (family !== packet.family) return -1;
  for (let w = 0, left = length; left > 0; w++, left -= 32) {
    const size = left >= 32 ? 1 : 2 ** (32 - left);
    if (Math.floor((words[w] ?? 0) / size) !== Math.floor((packet.words[w] ?? 0) / size)) return -1;
  }
  return (family === 4 ? 32 : 128) - length;
}

function selects({ protocol, ports }: Selector, packet: Packet): boolean {
  if (protocol === -1) return true;
  if (protocol !== packet.protocol) return false;
  if (ports === null || (protocol !== 6 && protocol !== 17)) return true;
  return packet.port >= ports.from && packet.port <= ports.to;
}

/** Width of what a selector covers, in the order of the contract: a named protocol before all, narrow before wide. */
function widthOf({ protocol, ports }: Selector): number {
  if (protocol === -1) return 1e6;
  if (protocol === 1 || protocol === 58) return 2;
  return ports === null || (protocol !== 6 && protocol !== 17) ? 65535 : ports.to - ports.from;
}

/** Every matching rule, the deciding one first. */
export function scan({ first, rules }: Scan, packet: Packet): readonly ScanRule[] {
  const found: ScanRule[] = [];
  const keys: number[] = [];
  for (const rule of rules) {
    if (!selects(rule.selector, packet)) continue;
    let free = 999;
    for (const prefix of rule.prefixes) {
      const bits = freeBits(prefix, packet);
      if (bits >= 0 && bits < free) free = bits;
    }
    if (free === 999) continue;
    const key = first ? found.length : (rule.isReference ? 0 : free) * 1e7 + widthOf(rule.selector);
    let at = found.length;
    while (at > 0 && (keys[at - 1] ?? 0) > key) at--;
    found.splice(at, 0, rule);
    keys.splice(at, 0, key);
  }
  return found;
}
