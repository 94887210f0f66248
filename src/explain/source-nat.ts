import type { EniKind, Inventory, NetworkInterface } from '../inventory/inventory.ts';
import { type Address, formatAddress } from '../model/ip.ts';
import { atlasOf, isWithin, sameAddress } from './atlas.ts';
import type { Endpoint } from './endpoint.ts';
import type { ExplainFlow } from './explanation.ts';

/** What a node's source NAT may do to a packet that a pod sends. */
export interface Translation {
  /** The node's primary interface and address; null = not in the inventory. */
  readonly sender: Endpoint | null;
  /** True = translated unless the settings that nothing tells are changed ones. */
  readonly usual: boolean;
  /** Why it is not certain; null = it is. */
  readonly doubt: string | null;
}

/** Interfaces that a node or its pods send from. */
export const NODE_KINDS: readonly EniKind[] = ['node-primary', 'node-secondary', 'node-trunk', 'pod-branch'];

/** Why the plugin's settings are not known. */
export const UNTOLD = 'no DaemonSet aws-node is described, or several differ';

/**
 * The VPC CNI sends what pods send out of the VPC from the primary interface of their node, under its primary IPv4
 * address (amazon-vpc-cni-k8s README, AWS_VPC_K8S_CNI_EXTERNALSNAT; UpdateHostSNATRules): not with external SNAT, not
 * to the VPC's own blocks and the excluded ones, not of pods with an interface of their own in strict mode. null = the
 * packet leaves as the pod sends it.
 */
export function translationOf(inventory: Inventory, { from, to }: ExplainFlow): Translation | null {
  const eni = inventory.networkInterfaces[from.eni];
  const destination = to.publicAddress ?? to.address;
  if (eni === undefined || destination === null || destination.family !== 4 || !isPods(eni, from)) return null;
  const { externalSnat, excludedCidrs, strictBranches, isTold } = inventory.awsNode;
  const isStrict = eni.kind === 'pod-branch' && strictBranches;
  if (isTold && (externalSnat || isStrict)) return null;
  const cidrs = atlasOf(inventory).vpcs.get(eni.vpcId ?? '')?.cidrs;
  if (isWithin(cidrs, destination) || isWithin(excludedCidrs, destination)) return null;
  const primary = inventory.networkInterfaces.findIndex(
    (e) => e.kind === 'node-primary' && e.instanceId !== null && e.instanceId === eni.instanceId,
  );
  const address = inventory.networkInterfaces[primary]?.primary ?? null;
  const sender = address === null ? null : { ...from, address, publicAddress: null, eni: primary };
  return { sender, usual: !externalSnat && !isStrict, doubt: doubtOf(eni, sender, isTold, cidrs !== undefined) };
}

/** Sent by a pod with an address of its own: a known one, or any address of a node that is not its interface's own. */
function isPods({ kind, primary }: NetworkInterface, { address, pod }: Endpoint): boolean {
  if (!NODE_KINDS.includes(kind) || address === null || address.family !== 4) return false;
  if (pod !== null) return !pod.hostNetwork;
  return kind === 'pod-branch' || primary === null || !sameAddress(primary, address);
}

function doubtOf(eni: NetworkInterface, sender: Endpoint | null, isTold: boolean, hasBlocks: boolean): string | null {
  if (!isTold) return `source-nat-unknown: ${UNTOLD}`;
  if (!hasBlocks) return `source-nat-unknown: the blocks of ${eni.vpcId ?? 'the VPC'} are not described`;
  if (sender !== null) return null;
  const node = eni.instanceId ?? `the node of ${eni.id}`;
  return `source-nat-unknown: the primary interface of ${node} is not in the inventory`;
}

/** What a step behind the translation has as its source. */
export function senderText(inventory: Inventory, sender: Endpoint): { readonly at: string; readonly address: string } {
  const at = inventory.networkInterfaces[sender.eni]?.id ?? '';
  return { at, address: formatAddress(sender.address as Address) };
}
