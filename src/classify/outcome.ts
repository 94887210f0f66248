import type { Inventory } from '../inventory/inventory.ts';
import { type Address, cidrContains } from '../model/ip.ts';
import type { RouteKind, Verdict } from '../model/verdict.ts';
import type { Endpoint } from './endpoint.ts';

/** Where the packet ends, as far as rules and the source's route table tell. */
export type Outcome = 'delivered' | 'left-network' | 'denied' | 'no-route' | 'blackhole' | 'unreachable' | 'unknown';

/** The route step of the source, or null when the source is not in the inventory. */
interface Way {
  readonly kind?: RouteKind;
  readonly target?: string | null;
}

/** Route kinds whose far side no document of this inventory describes. */
const LEAVING: readonly (RouteKind | undefined)[] = [
  'nat',
  'eigw',
  'cagw',
  'lgw',
  'vgw',
  'tgw',
  'core-network',
  'odb-network',
  'vpce',
];

export function outcomeOf(
  inventory: Inventory,
  from: Endpoint,
  to: Endpoint,
  verdict: Verdict,
  way: Way | null,
): Outcome {
  if (verdict === 'deny') return 'denied';
  const routed = routedOutcome(inventory, from, to, way);
  // what is not known to be allowed is not known to arrive; a packet without a way is lost whatever the rules say
  return verdict === 'unknown' && (routed === 'delivered' || routed === 'left-network') ? 'unknown' : routed;
}

function routedOutcome(inventory: Inventory, from: Endpoint, to: Endpoint, way: Way | null): Outcome {
  if (way === null) return to.eni >= 0 ? 'delivered' : 'unknown';
  const { kind } = way;
  if (isSameSubnet(inventory, from, to)) return 'delivered';
  if (kind === 'none') return 'no-route';
  if (kind === 'blackhole') return 'blackhole';
  if (kind === 'local') return to.eni >= 0 && isSameVpc(inventory, from, to) ? 'delivered' : 'unknown';
  if (kind === 'igw') return throughInternetGateway(inventory, from, to);
  if (kind === 'pcx') return throughPeering(inventory, way.target ?? null, from, to);
  return LEAVING.includes(kind) ? 'left-network' : 'unknown';
}

/** An IPv4 packet leaves an internet gateway only with a public address (VPC User Guide, "Enable internet access"). */
function throughInternetGateway(inventory: Inventory, from: Endpoint, to: Endpoint): Outcome {
  const eni = inventory.networkInterfaces[from.eni];
  if (from.address?.family === 4 && eni !== undefined && eni.publicAddresses.length === 0) return 'unreachable';
  return to.eni >= 0 ? 'delivered' : 'left-network';
}

/** Peering is not transitive: only the peer VPC's own CIDRs answer (VPC Peering Guide). */
function throughPeering(inventory: Inventory, id: string | null, from: Endpoint, to: Endpoint): Outcome {
  const peering = inventory.vpcPeeringConnections.find((p) => p.id === id);
  const vpcId = inventory.networkInterfaces[from.eni]?.vpcId;
  if (peering === undefined || to.address === null) return 'unknown';
  const far = peering.requester.vpcId === vpcId ? peering.accepter : peering.requester;
  if (peering.status !== null && peering.status !== 'active') return 'unreachable';
  const known = far.cidrs.length > 0 ? far.cidrs : (inventory.vpcs.find((v) => v.id === far.vpcId)?.cidrs ?? []);
  if (known.length === 0) return 'unknown';
  if (!known.some((cidr) => cidrContains(cidr, to.address as Address))) return 'unreachable';
  return to.eni >= 0 ? 'delivered' : 'left-network';
}

function isSameVpc(inventory: Inventory, from: Endpoint, to: Endpoint): boolean {
  const vpcId = inventory.networkInterfaces[from.eni]?.vpcId ?? null;
  return vpcId !== null && vpcId === inventory.networkInterfaces[to.eni]?.vpcId;
}

function isSameSubnet(inventory: Inventory, from: Endpoint, to: Endpoint): boolean {
  const subnetId = inventory.networkInterfaces[from.eni]?.subnetId ?? null;
  return subnetId !== null && subnetId === inventory.networkInterfaces[to.eni]?.subnetId;
}
