import type { EniKind, Inventory, PodInterval } from '../inventory/inventory.ts';
import { type Address, formatAddress, parseAddress, sameAddress } from '../model/ip.ts';
import { atlasOf, isWithin } from './atlas.ts';
import { holdsAt, intervalsOf } from './lifetime.ts';

/** One end of an explained flow, as far as the inventory knows it. */
export interface Endpoint {
  /** Address on the wire at its own interface; null = an interface without an address. */
  readonly address: Address | null;
  /** The public address it was named by, when it was. */
  readonly publicAddress: Address | null;
  /** Index in Inventory.networkInterfaces, −1 = not in the inventory. */
  readonly eni: number;
  readonly pod: PodInterval | null;
}

/** Interfaces that a node or its pods send from. */
export const NODE_KINDS: readonly EniKind[] = ['node-primary', 'node-secondary', 'node-trunk', 'pod-branch'];

/**
 * Finds an end by address, interface id or `namespace/pod`; a public address means the interface it is associated with.
 * `atSeconds` picks among the intervals of a pod (null = one that has not ended). Of an address that several VPCs hold,
 * the holder in `vpcId` (null = not known) is meant: where the other end is; of a name with addresses of both families
 * the one of `family`: the other end's. `undefined`: the text is none of these, or names nobody, or a pod that has no
 * address then (absenceText).
 */
export function findEndpoint(
  inventory: Inventory,
  text: string,
  atSeconds: number | null,
  vpcId: string | null = null,
  family: 4 | 6 | null = null,
): Endpoint | undefined {
  const atlas = atlasOf(inventory);
  const byId = atlas.eniIndex.get(text) ?? -1;
  if (byId >= 0) {
    const primary = inventory.networkInterfaces[byId]?.primary ?? null;
    const address = ownAddress(inventory, byId, family) ?? primary;
    return endpoint(address, byId, podAt(inventory, address, byId, atSeconds));
  }
  const address = parseAddress(text);
  if (address !== undefined) return findByAddress(inventory, address, atSeconds, vpcId);
  const held = intervalsOf(inventory, text).filter((one) => holdsAt(inventory, one, atSeconds));
  const last = held.at(-1);
  if (last === undefined) return undefined;
  const pod = held.findLast(({ uid, address: own }) => uid === last.uid && own.family === family) ?? last;
  const enis = inventory.networkInterfaces;
  const holder = atlas.holders(pod.address).find((eni) => pod.vpcId === null || enis[eni]?.vpcId === pod.vpcId) ?? -1;
  // who shares the addresses of a node, or has an interface that is no node's, has all of them
  const isWhole = pod.hostNetwork || !NODE_KINDS.includes(enis[holder]?.kind ?? 'node-primary');
  const own = isWhole && pod.address.family !== family ? ownAddress(inventory, holder, family) : null;
  return endpoint(own ?? pod.address, holder, pod);
}

/** The interface's own address of a family, no pod's on it; null = it has none. */
export function ownAddress(inventory: Inventory, eni: number, family: 4 | 6 | null): Address | null {
  const { primary, secondary } = inventory.networkInterfaces[eni] ?? { primary: null, secondary: [] };
  // other IPv4 addresses of an interface may be pods'
  const own = family === 4 ? [primary] : [primary, ...secondary];
  return own.find((one) => one?.family === family) ?? null;
}

function findByAddress(
  inventory: Inventory,
  address: Address,
  atSeconds: number | null,
  vpcId: string | null,
): Endpoint {
  const atlas = atlasOf(inventory);
  const all = atlas.holders(address);
  const inVpc = all.filter((eni) => vpcId !== null && inventory.networkInterfaces[eni]?.vpcId === vpcId);
  // an address of the VPC's own blocks is nobody's in another VPC
  const isOwn = isWithin(atlas.vpcs.get(vpcId ?? '')?.cidrs, address);
  const holders = inVpc.length > 0 || isOwn ? inVpc : all;
  // the same address in several VPCs names no single interface
  if (holders.length === 1 && holders[0] !== undefined) {
    return endpoint(address, holders[0], podAt(inventory, address, holders[0], atSeconds));
  }
  if (holders.length > 1) return endpoint(address, -1, null);
  const eni = atlas.publicHolder(address);
  if (eni < 0) return endpoint(address, -1, null);
  const holder = inventory.networkInterfaces[eni];
  const association = holder?.associations.find((a) => sameAddress(a.publicAddress, address));
  const privateAddress = association?.privateAddress ?? holder?.primary ?? null;
  return {
    address: privateAddress,
    publicAddress: address,
    eni,
    pod: podAt(inventory, privateAddress, eni, atSeconds),
  };
}

function endpoint(address: Address | null, eni: number, pod: PodInterval | null): Endpoint {
  return { address, publicAddress: null, eni, pod };
}

function podAt(
  inventory: Inventory,
  address: Address | null,
  eni: number,
  atSeconds: number | null,
): PodInterval | null {
  if (address === null) return null;
  const vpcId = inventory.networkInterfaces[eni]?.vpcId ?? null;
  const owner = atlasOf(inventory)
    .podsAt(address)
    .findLast(
      (pod) =>
        !pod.hostNetwork &&
        (pod.vpcId === null || vpcId === null || pod.vpcId === vpcId) &&
        holdsAt(inventory, pod, atSeconds),
    );
  return owner ?? null;
}

/** `pod shop/web-0 (10.0.1.5)`, `eni-0a (10.0.1.6)`, `203.0.113.9`. */
export function endpointText(inventory: Inventory, end: Endpoint): string {
  const address = end.address === null ? 'an address not known' : formatAddress(end.address);
  if (end.pod !== null) return `pod ${end.pod.namespace}/${end.pod.name} (${address})`;
  const eni = inventory.networkInterfaces[end.eni];
  return eni === undefined ? address : `${eni.id} (${address})`;
}
