import type { Inventory, NetworkInterface, PodInterval } from '../inventory/inventory.ts';
import { type Address, cidrContains, formatAddress, parseAddress } from '../model/ip.ts';

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

/**
 * Finds an end by address, interface id or `namespace/pod`; a public address means the interface it is associated with.
 * `atSeconds` picks among the intervals of a pod (null = its latest). `undefined`: the text is none of these, or names
 * nobody.
 */
export function findEndpoint(inventory: Inventory, text: string, atSeconds: number | null): Endpoint | undefined {
  const enis = inventory.networkInterfaces;
  const byId = enis.findIndex((eni) => eni.id === text);
  if (byId >= 0)
    return endpoint(enis[byId]?.primary ?? null, byId, podAt(inventory, enis[byId]?.primary ?? null, byId, atSeconds));
  const address = parseAddress(text);
  if (address !== undefined) return findByAddress(inventory, address, atSeconds);
  const slash = text.indexOf('/');
  if (slash <= 0) return undefined;
  const namespace = text.slice(0, slash);
  const name = text.slice(slash + 1);
  const intervals = inventory.pods.filter((pod) => pod.namespace === namespace && pod.name === name);
  const pod = intervals.findLast(
    (p) => atSeconds === null || (p.startSeconds <= atSeconds && atSeconds < p.endSeconds),
  );
  if (pod === undefined) return undefined;
  const holder = enis.findIndex((eni) => (pod.vpcId === null || eni.vpcId === pod.vpcId) && holds(eni, pod.address));
  return endpoint(pod.address, holder, pod);
}

function findByAddress(inventory: Inventory, address: Address, atSeconds: number | null): Endpoint {
  const enis = inventory.networkInterfaces;
  const holders = enis.flatMap((eni, index) => (holds(eni, address) ? [index] : []));
  // the same address in several VPCs names no single interface
  if (holders.length === 1 && holders[0] !== undefined) {
    return endpoint(address, holders[0], podAt(inventory, address, holders[0], atSeconds));
  }
  if (holders.length > 1) return endpoint(address, -1, null);
  const associated = enis.findIndex((eni) => eni.publicAddresses.some((p) => sameAddress(p, address)));
  if (associated < 0) return endpoint(address, -1, null);
  const primary = enis[associated]?.primary ?? null;
  return {
    address: primary,
    publicAddress: address,
    eni: associated,
    pod: podAt(inventory, primary, associated, atSeconds),
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
  const owner = inventory.pods.findLast(
    (pod) =>
      !pod.hostNetwork &&
      sameAddress(pod.address, address) &&
      (pod.vpcId === null || vpcId === null || pod.vpcId === vpcId) &&
      (atSeconds === null ? pod.endSeconds === Number.POSITIVE_INFINITY : within(pod, atSeconds)),
  );
  return owner ?? null;
}

function within(pod: PodInterval, atSeconds: number): boolean {
  return pod.startSeconds <= atSeconds && atSeconds < pod.endSeconds;
}

/** True when the private address is one of the interface's: primary, secondary, or inside a delegated prefix. */
function holds(eni: NetworkInterface, address: Address): boolean {
  return (
    (eni.primary !== null && sameAddress(eni.primary, address)) ||
    eni.secondary.some((a) => sameAddress(a, address)) ||
    eni.prefixes.some((prefix) => cidrContains(prefix, address))
  );
}

function sameAddress(a: Address, b: Address): boolean {
  return a.family === b.family && a.words.every((word, i) => word === b.words[i]);
}

/** `pod shop/web-0 (10.0.1.5)`, `eni-0a (10.0.1.6)`, `203.0.113.9`. */
export function endpointText(inventory: Inventory, end: Endpoint): string {
  const address = end.address === null ? '' : formatAddress(end.address);
  if (end.pod !== null) return `pod ${end.pod.namespace}/${end.pod.name} (${address})`;
  const eni = inventory.networkInterfaces[end.eni];
  return eni === undefined ? address : `${eni.id} (${address})`;
}
