import { formatCidr } from '../model/ip.ts';
import type { Cursor } from './cursor.ts';
import type { Origin, Peer, SecurityGroup, SecurityGroupRule, Selector } from './inventory.ts';
import { readSelector, selectorId } from './selector.ts';
import type { Warn } from './warnings.ts';

/** One element of `SecurityGroupRules`. */
export interface ListedRule {
  readonly groupId: string;
  readonly groupOwnerId: string | null;
  /** null = it names no peer, so it can match nothing. */
  readonly rule: SecurityGroupRule | null;
  readonly origin: Origin;
}

/** An element of `SecurityGroups`. */
export function readSecurityGroup(cursor: Cursor, warn: Warn): SecurityGroup {
  const id = cursor.requiredText('GroupId');
  const rules = [
    ...cursor.objects('IpPermissions').flatMap((permission) => readPermission(permission, id, false, warn)),
    ...cursor.objects('IpPermissionsEgress').flatMap((permission) => readPermission(permission, id, true, warn)),
  ];
  return { id, vpcId: cursor.text('VpcId'), ownerId: cursor.text('OwnerId'), rules, origin: cursor.origin };
}

function readRuleSelector(cursor: Cursor, warn: Warn): Selector {
  const protocol = cursor.at('IpProtocol');
  const keys = ['FromPort', 'ToPort'] as const;
  return readSelector({ protocol, ports: cursor, portKeys: keys, icmp: cursor, icmpKeys: keys }, warn);
}

/** One permission is one selector for each of its peers. */
function readPermission(cursor: Cursor, groupId: string, egress: boolean, warn: Warn): SecurityGroupRule[] {
  const selector = readRuleSelector(cursor, warn);
  const rule = (at: Cursor, peer: Peer): SecurityGroupRule => {
    return { id: syntheticId(groupId, egress, selector, peer), groupId, egress, selector, peer, origin: at.origin };
  };
  return [
    ...cursor.objects('IpRanges').map((range) => rule(range, requiredCidr(range, 'CidrIp'))),
    ...cursor.objects('Ipv6Ranges').map((range) => rule(range, requiredCidr(range, 'CidrIpv6'))),
    ...cursor.objects('PrefixListIds').map((list) => {
      return rule(list, { kind: 'prefix-list', id: list.requiredText('PrefixListId') });
    }),
    ...cursor.objects('UserIdGroupPairs').map((pair) => rule(pair, readGroupPeer(pair))),
  ];
}

function requiredCidr(cursor: Cursor, key: string): Peer {
  return { kind: 'cidr', cidr: cursor.cidr(key) ?? cursor.at(key).fail('a CIDR') };
}

function readGroupPeer(pair: Cursor): Peer {
  // groups of the default VPC and stale references may be told by name only
  const id = pair.text('GroupId') ?? pair.text('GroupName') ?? pair.at('GroupId').fail('a text');
  const peeringId = pair.text('VpcPeeringConnectionId');
  return { kind: 'group', id, ownerId: pair.text('UserId'), peeringStatus: pair.text('PeeringStatus'), peeringId };
}

/** An element of `SecurityGroupRules`. */
export function readListedRule(cursor: Cursor, warn: Warn): ListedRule {
  const groupId = cursor.requiredText('GroupId');
  const egress = cursor.requiredFlag('IsEgress');
  const selector = readRuleSelector(cursor, warn);
  const peer = readListedPeer(cursor);
  const { origin } = cursor;
  const groupOwnerId = cursor.text('GroupOwnerId');
  if (peer === null) {
    warn(origin, 'the rule names no CIDR, prefix list or group: it matches nothing');
    return { groupId, groupOwnerId, rule: null, origin };
  }
  const id = cursor.text('SecurityGroupRuleId') ?? syntheticId(groupId, egress, selector, peer);
  return { groupId, groupOwnerId, rule: { id, groupId, egress, selector, peer, origin }, origin };
}

function readListedPeer(cursor: Cursor): Peer | null {
  const cidr = cursor.cidr('CidrIpv4') ?? cursor.cidr('CidrIpv6');
  if (cidr !== null) return { kind: 'cidr', cidr };
  const list = cursor.text('PrefixListId');
  if (list !== null) return { kind: 'prefix-list', id: list };
  const group = cursor.object('ReferencedGroupInfo');
  return group === null ? null : readGroupPeer(group);
}

/** `GROUP/ingress|egress/PROTO/PORTS/PEER`. */
function syntheticId(groupId: string, egress: boolean, selector: Selector, peer: Peer): string {
  const whom = peer.kind === 'cidr' ? formatCidr(peer.cidr) : peer.id;
  return `${groupId}/${egress ? 'egress' : 'ingress'}/${selectorId(selector)}/${whom}`;
}

/** Rules of each group: where the flat list names a group only its rules count, because they carry AWS's ids. */
export function joinSecurityGroups(
  described: readonly SecurityGroup[],
  listed: readonly ListedRule[],
): SecurityGroup[] {
  const groups = new Map(described.map((group) => [group.id, group]));
  const rulesOf = new Map<string, SecurityGroupRule[]>();
  for (const { groupId, rule, groupOwnerId, origin: place } of listed) {
    let rules = rulesOf.get(groupId);
    if (rules === undefined) {
      rules = [];
      rulesOf.set(groupId, rules);
      const group = groups.get(groupId);
      // a group known only by its rules is described all the same
      const { vpcId = null, ownerId = null, origin = place } = group ?? {};
      groups.set(groupId, { id: groupId, vpcId, ownerId: ownerId ?? groupOwnerId, rules, origin });
    }
    if (rule !== null) rules.push(rule);
  }
  return [...groups.values()];
}
