import type { OracleAddress } from './address.ts';
import { cidr, inside } from './address.ts';
import type { RawAcl, RawEntry } from './documents.ts';
import type { OracleEni } from './eni.ts';
import { given } from './eni.ts';
import type { Network } from './network.ts';
import { inSubnet, isOutsideVpc } from './network.ts';
import type { Answer, Packet } from './selector.ts';
import { both, selector, selects } from './selector.ts';

export interface NaclAnswer {
  readonly verdict: 'allow' | 'deny' | 'unknown' | 'none';
  readonly rule: string | null;
}

const UNKNOWN: NaclAnswer = { verdict: 'unknown', rule: null };

/** The network ACL of a subnet: the one associated with it, else the default one of its VPC. */
function aclOf(network: Network, subnetId: string, vpcId: string | null): RawAcl | undefined {
  const { NetworkAcls } = network.raw;
  const associated = NetworkAcls.find((acl) => acl.Associations?.some((entry) => entry.SubnetId === subnetId));
  return associated ?? NetworkAcls.find((acl) => acl.IsDefault === true && vpcId !== null && acl.VpcId === vpcId);
}

function entryMatch(entry: RawEntry, remote: OracleAddress, packet: Packet): Answer {
  const block = cidr(given(entry.CidrBlock) ?? given(entry.Ipv6CidrBlock) ?? '');
  if (block === null || !inside(block, remote)) return 'no';
  const protocol = Number(entry.Protocol);
  const icmp = protocol === 1 || protocol === 58;
  const from = icmp ? entry.IcmpTypeCode?.Type : entry.PortRange?.From;
  const to = icmp ? entry.IcmpTypeCode?.Code : entry.PortRange?.To;
  return both('yes', selects(selector(entry.Protocol, from, to), packet));
}

/**
 * Entries of the direction by number; the first certain match decides. A "maybe" before it only matters when its
 * action differs. Stateless: `packet.port` is the destination port, whatever the role.
 */
export function judgeNacl(
  network: Network,
  eni: OracleEni,
  egress: boolean,
  remote: OracleAddress | null,
  packet: Packet,
): NaclAnswer {
  if (eni.subnetId === null || remote === null) return UNKNOWN;
  const subnet = network.subnets.get(eni.subnetId);
  // CHOICE: with the subnet not described, traffic inside it cannot be told from other traffic in the VPC → unknown.
  if (subnet === undefined && !isOutsideVpc(network, eni.vpcId, remote)) return UNKNOWN;
  if (subnet !== undefined && inSubnet(subnet, remote)) return { verdict: 'none', rule: null };
  const acl = aclOf(network, eni.subnetId, subnet?.vpcId ?? eni.vpcId);
  if (acl === undefined) return UNKNOWN;
  const side = egress ? 'egress' : 'ingress';
  const seen = new Set<number>();
  // C60: of two entries with one number and direction the first in file order counts, whatever their families.
  const entries = (acl.Entries ?? []).filter((entry) => {
    if (entry.Egress !== egress || seen.has(entry.RuleNumber)) return false;
    seen.add(entry.RuleNumber);
    return true;
  });
  entries.sort((a, b) => a.RuleNumber - b.RuleNumber);
  const maybe = new Set<string>();
  for (const entry of entries) {
    const answer = entryMatch(entry, remote, packet);
    if (answer === 'maybe') maybe.add(entry.RuleAction);
    if (answer !== 'yes') continue;
    const verdict = entry.RuleAction === 'allow' ? 'allow' : 'deny';
    if (maybe.has(verdict === 'allow' ? 'deny' : 'allow')) return UNKNOWN;
    // CHOICE: earlier maybes of the same action do not change the verdict; the certain entry is named.
    return { verdict, rule: `${acl.NetworkAclId}/${side}/${entry.RuleNumber >= 32767 ? '*' : entry.RuleNumber}` };
  }
  // CHOICE: a list printed without its `*` entry ends in it all the same.
  return maybe.has('allow') ? UNKNOWN : { verdict: 'deny', rule: `${acl.NetworkAclId}/${side}/*` };
}
