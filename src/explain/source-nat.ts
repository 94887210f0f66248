import type { Inventory, NetworkInterface } from '../inventory/inventory.ts';
import { type Address, formatAddress } from '../model/ip.ts';
import { atlasOf, isWithin } from './atlas.ts';
import { type Endpoint, NODE_KINDS, ownAddress } from './endpoint.ts';
import type { ExplainFlow } from './explanation.ts';
import { isOwnAddress } from './node-port.ts';

/** What a node's source NAT may do to a packet that a pod sends. */
export interface Translation {
  /** The node's primary interface and address; null = not in the inventory. */
  readonly sender: Endpoint | null;
  /** Who sends it where it is not translated; nobody that is known where no such packet can be. */
  readonly untranslated: Endpoint;
  /** True = translated unless the settings that nothing tells are changed ones. */
  readonly usual: boolean;
  /** Why it is not certain; null = it is. */
  readonly doubt: string | null;
}

/** Why the plugin's settings are not known. */
export const UNTOLD = 'no DaemonSet aws-node is described, or several differ';

/**
 * The VPC CNI sends what pods send out of the VPC from the primary interface of their node, under its primary IPv4
 * address (amazon-vpc-cni-k8s README, AWS_VPC_K8S_CNI_EXTERNALSNAT; UpdateHostSNATRules): not with external SNAT, not
 * to the VPC's own blocks and the excluded ones, not of pods with an interface of their own in strict mode. null = the
 * packet leaves as the pod sends it.
 */
export function translationOf(inventory: Inventory, { from, to }: ExplainFlow): Translation | null {
  const destination = to.publicAddress ?? to.address;
  if (destination === null) return null;
  if (reachesFamily(inventory, from, destination)) return acrossFamilies(inventory, from, destination);
  const eni = inventory.networkInterfaces[from.eni];
  if (eni === undefined || destination.family !== 4 || from.address?.family !== 4 || !isPods(eni, from)) return null;
  const { externalSnat, excludedCidrs, strictBranches, isTold } = inventory.awsNode;
  const isStrict = eni.kind === 'pod-branch' && strictBranches;
  if (isTold && (externalSnat || isStrict)) return null;
  const cidrs = atlasOf(inventory).vpcs.get(eni.vpcId ?? '')?.cidrs;
  if (isWithin(cidrs, destination) || isWithin(excludedCidrs, destination)) return null;
  const sender = nodeOf(inventory, from, 4);
  const told = doubtOf(eni, isTold, cidrs !== undefined) ?? (sender === null ? missing(inventory, from, 4) : null);
  return { sender, untranslated: from, usual: !externalSnat && !isStrict, doubt: told };
}

/**
 * True for a pod that reaches the other address family: its node gives it an address that never leaves the node, for
 * what it sends there (README, ENABLE_V4_EGRESS, on by default, and ENABLE_V6_EGRESS, off by default).
 */
export function reachesFamily(inventory: Inventory, from: Endpoint, { family }: Address): boolean {
  if (from.address === null || from.address.family === family) return false;
  const { v4Egress, v6Egress } = inventory.awsNode;
  return (family === 4 ? v4Egress : v6Egress) && isPods(inventory.networkInterfaces[from.eni], from);
}

/** False for ends of two address families that no translation joins: no packet has both (RFC 8200, RFC 791). */
export function isPacket(inventory: Inventory, from: Endpoint, to: Endpoint): boolean {
  const destination = to.publicAddress ?? to.address;
  if (from.address === null || destination === null || from.address.family === destination.family) return true;
  return reachesFamily(inventory, from, destination);
}

/**
 * That address is translated to the node's always: inside the VPC too, with external SNAT and from pods with an
 * interface of their own as well (cmd/egress-cni-plugin/snat). Nothing is sent untranslated.
 */
function acrossFamilies(inventory: Inventory, from: Endpoint, { family }: Address): Translation {
  const sender = nodeOf(inventory, from, family);
  const untranslated = { ...from, address: null, publicAddress: null, eni: -1 };
  return { sender, untranslated, usual: true, doubt: sender === null ? missing(inventory, from, family) : null };
}

/** Sent by a pod with an address of its own: a known one, or any address of a node that is not its interface's own. */
function isPods(eni: NetworkInterface | undefined, from: Endpoint): boolean {
  if (from.address === null || (eni !== undefined && !NODE_KINDS.includes(eni.kind))) return false;
  if (from.pod !== null) return !from.pod.hostNetwork;
  return eni !== undefined && (eni.kind === 'pod-branch' || !isOwnAddress(eni, from));
}

/** The sender's node: its primary interface with its own address of a family; null = not in the inventory. */
function nodeOf(inventory: Inventory, from: Endpoint, family: 4 | 6): Endpoint | null {
  const eni = primaryOf(inventory, from);
  const address = ownAddress(inventory, eni, family);
  return address === null ? null : { ...from, address, publicAddress: null, eni };
}

/** Index of the primary interface of the sender's node, −1 = not in the inventory. */
function primaryOf(inventory: Inventory, from: Endpoint): number {
  const instanceId = instanceOf(inventory, from);
  return inventory.networkInterfaces.findIndex(
    (e) => e.kind === 'node-primary' && e.instanceId !== null && e.instanceId === instanceId,
  );
}

/** Of the interface that sends, or of the node that the pod is told to be on. */
function instanceOf({ networkInterfaces, nodes }: Inventory, { eni, pod }: Endpoint): string | null {
  const byNode = pod === null ? undefined : nodes.find(({ name }) => name === pod.nodeName);
  return networkInterfaces[eni]?.instanceId ?? byNode?.instanceId ?? null;
}

function doubtOf(eni: NetworkInterface, isTold: boolean, hasBlocks: boolean): string | null {
  if (!isTold) return `source-nat-unknown: ${UNTOLD}`;
  return hasBlocks ? null : `source-nat-unknown: the blocks of ${eni.vpcId ?? 'the VPC'} are not described`;
}

function missing(inventory: Inventory, from: Endpoint, family: 4 | 6): string {
  const eni = inventory.networkInterfaces[from.eni];
  const node = instanceOf(inventory, from) ?? `the node of ${eni?.id ?? 'the pod'}`;
  const what = primaryOf(inventory, from) < 0 ? 'is not' : `has no IPv${family} address`;
  return `source-nat-unknown: the primary interface of ${node} ${what} in the inventory`;
}

/** What a step behind the translation has as its source. */
export function senderText(inventory: Inventory, sender: Endpoint): { readonly at: string; readonly address: string } {
  const at = inventory.networkInterfaces[sender.eni]?.id ?? '';
  return { at, address: formatAddress(sender.address as Address) };
}
