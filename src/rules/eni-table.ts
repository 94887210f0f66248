import type { EniKind, Inventory, NetworkInterface, Subnet } from '../inventory/inventory.ts';
import { type Cidr, cidrContains, hostCidr, parseCidr } from '../model/ip.ts';
import { Kind } from '../model/verdict.ts';
import type { AddressLabels } from './address-class.ts';
import { compareText } from './catalog.ts';
import { privateCidrs } from './group-members.ts';
import { ClassFlag, ENI_STRIDE, EniSet, EniWord, SETS_STRIDE, SUBNET6_STRIDE } from './view.ts';

/** Rule sets and route table of every interface, by index in Inventory.networkInterfaces. */
interface EniSets {
  readonly sgIngress: Int32Array;
  readonly sgEgress: Int32Array;
  readonly naclIngress: Int32Array;
  readonly naclEgress: Int32Array;
  readonly routeTable: Int32Array;
  readonly localRoute4: Int32Array;
  readonly localRoute6: Int32Array;
}

const KIND_OF: Readonly<Record<EniKind, number>> = {
  'node-primary': Kind.node,
  'node-secondary': Kind.node,
  'node-trunk': Kind.node,
  'pod-branch': Kind.pod,
  'eks-control-plane': Kind.eksControlPlane,
  'load-balancer': Kind.loadBalancer,
  'nat-gateway': Kind.natGateway,
  'vpc-endpoint': Kind.vpcEndpoint,
  'transit-gateway': Kind.transitGateway,
  instance: Kind.eni,
  'aws-managed': Kind.eni,
  other: Kind.eni,
};

/** Rows of EniSet for every interface. */
export function buildEniSets(count: number, sets: EniSets): Int32Array {
  const table = new Int32Array(count * SETS_STRIDE);
  for (const [name, word] of Object.entries(EniSet) as [keyof EniSets, number][]) {
    const values = sets[name];
    for (let eni = 0; eni < count; eni++) table[eni * SETS_STRIDE + word] = values[eni] ?? 0;
  }
  return table;
}

/** Rows of EniWord for every interface. */
export function buildEniTable(inventory: Inventory): Int32Array {
  const { networkInterfaces, subnets, vpcs } = inventory;
  const table = new Int32Array(networkInterfaces.length * ENI_STRIDE);
  const subnetIndex = new Map(subnets.map((subnet, index) => [subnet.id, index]));
  const vpcIndex = new Map(vpcs.map((vpc, index) => [vpc.id, index]));
  const zones = numberZones(networkInterfaces, subnets);
  const nodes = numberTexts(networkInterfaces.flatMap((eni) => eni.instanceId ?? []));
  networkInterfaces.forEach((eni, index) => {
    const at = index * ENI_STRIDE;
    const subnetAt = subnetIndex.get(eni.subnetId ?? '') ?? -1;
    const subnet = subnets[subnetAt];
    const block = subnet?.cidrs.find((cidr) => cidr.family === 4);
    table[at + EniWord.subnet] = subnetAt;
    table[at + EniWord.vpc] = vpcIndex.get(eni.vpcId ?? subnet?.vpcId ?? '') ?? -1;
    table[at + EniWord.zone] = zones[index] ?? -1;
    table[at + EniWord.primary4] = eni.primary?.family === 4 ? eni.primary.words[0] : 0;
    table[at + EniWord.subnetBase4] = block === undefined ? 1 : block.words[0];
    table[at + EniWord.subnetMask4] = block === undefined ? 0 : maskWord(block.length, 0);
    table[at + EniWord.kind] = KIND_OF[eni.kind];
    table[at + EniWord.hasSecondary] = hidesAddresses(eni) ? 1 : 0;
    table[at + EniWord.node] = nodes.get(eni.instanceId ?? '') ?? -1;
  });
  return table;
}

/**
 * Only IPv4 is hidden behind the primary address (VPC User Guide, "Flow log limitations"); a branch interface has one
 * pod, whichever address it used.
 */
function hidesAddresses(eni: NetworkInterface): boolean {
  if (eni.kind === 'pod-branch') return false;
  return eni.secondary.some((address) => address.family === 4) || eni.prefixes.some((cidr) => cidr.family === 4);
}

/** Word `word` (0–3) of the mask of a prefix length, as u32. */
function maskWord(length: number, word: number): number {
  const bits = Math.min(32, Math.max(0, length - word * 32));
  return bits === 0 ? 0 : -(2 ** (32 - bits)) >>> 0;
}

export function buildSubnet6(subnets: readonly Subnet[]): Uint32Array {
  const table = new Uint32Array(subnets.length * SUBNET6_STRIDE).fill(0xffff_ffff);
  subnets.forEach((subnet, index) => {
    const block = subnet.cidrs.find((cidr) => cidr.family === 6);
    if (block === undefined) return;
    for (let word = 0; word < 4; word++) {
      table[index * SUBNET6_STRIDE + word] = block.words[word] ?? 0;
      table[index * SUBNET6_STRIDE + 4 + word] = maskWord(block.length, word);
    }
  });
  return table;
}

function numberTexts(texts: readonly string[]): ReadonlyMap<string, number> {
  return new Map([...new Set(texts)].sort(compareText).map((text, index) => [text, index]));
}

const ZONE_ID = /-az\d+$/;

/**
 * Zone number of every interface. Documents write a zone as id (`use1-az1`) or as name (`us-east-1a`), and the names
 * differ between accounts: a name becomes an id where an interface and its subnet show both; where only names remain
 * beside ids, the zone is not known.
 */
function numberZones(enis: readonly NetworkInterface[], subnets: readonly Subnet[]): readonly number[] {
  const zoneOfSubnet = new Map(subnets.map((subnet) => [subnet.id, subnet.zone]));
  const idOfName = new Map<string, string>();
  for (const eni of enis) {
    const zone = zoneOfSubnet.get(eni.subnetId ?? '') ?? null;
    if (zone !== null && eni.zone !== null && ZONE_ID.test(zone) && !ZONE_ID.test(eni.zone))
      idOfName.set(eni.zone, zone);
  }
  const zones = enis.map((eni) => {
    const zone = zoneOfSubnet.get(eni.subnetId ?? '') ?? eni.zone;
    return zone === null ? null : (idOfName.get(zone) ?? zone);
  });
  const hasIds = zones.some((zone) => zone !== null && ZONE_ID.test(zone));
  const number = numberTexts(zones.flatMap((zone) => zone ?? []));
  return zones.map((zone) => (zone === null || (hasIds && !ZONE_ID.test(zone)) ? -1 : (number.get(zone) ?? -1)));
}

/**
 * Destinations that no rule filters, on any port: instance metadata, resolver, time, licence activation, task metadata,
 * and their IPv6 block (VPC User Guide, "Network ACLs" and "Flow log limitations").
 */
const EXEMPT: readonly string[] = [
  '169.254.169.254/32',
  '169.254.169.253/32',
  '169.254.169.123/32',
  '169.254.169.250/31',
  '169.254.170.2/32',
  'fd00:ec2::/32',
];

/** Labels whose classes carry a flag; pairs of label and ClassFlag bit. */
export function flagLabels(inventory: Inventory, labels: AddressLabels): readonly (readonly [number, number])[] {
  const blocks = [...inventory.vpcs, ...inventory.subnets].flatMap((holder) => holder.cidrs);
  const owned = [
    ...inventory.networkInterfaces.flatMap(privateCidrs),
    ...inventory.nodes.flatMap((node) => node.addresses.map(hostCidr)),
    ...inventory.pods.map((pod) => hostCidr(pod.address)),
  ].filter((cidr) => !blocks.some((block) => cidrContains(block, cidr)));
  const exempt = EXEMPT.flatMap((text) => parseCidr(text) ?? []);
  const resolvers = resolverCidrs(inventory).map(([, cidr]) => cidr);
  return [
    [labels.union('inside', [...blocks, ...owned]), ClassFlag.inside],
    [labels.union('exempt', exempt), ClassFlag.exempt],
    [labels.union('resolver', resolvers), ClassFlag.resolver],
  ];
}

/** Flags of each class to rule sets, whose labels are `labelSets`. */
export function buildClassFlags(
  flagged: readonly (readonly [number, number])[],
  labelSets: readonly Int32Array[],
): readonly number[] {
  return labelSets.map((set) => {
    let flags = 0;
    for (const [label, flag] of flagged) if (set.includes(label)) flags |= flag;
    return flags;
  });
}

/** The resolver of each IPv4 CIDR of each VPC: base + 2 (VPC User Guide, "Amazon DNS server"). */
function resolverCidrs(inventory: Inventory): readonly (readonly [number, Cidr])[] {
  return inventory.vpcs.flatMap((vpc, index) =>
    vpc.cidrs.flatMap((cidr) =>
      cidr.family === 4 ? [[index, hostCidr({ family: 4, words: [(cidr.words[0] + 2) >>> 0] })] as const] : [],
    ),
  );
}

/** RulesView.resolvers. */
export function buildResolvers(inventory: Inventory): Uint32Array {
  const pairs = resolverCidrs(inventory).map(([vpc, cidr]) => [vpc, cidr.words[0]] as const);
  pairs.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  return Uint32Array.from(pairs.flat());
}
