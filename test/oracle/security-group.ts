import type { OracleAddress, OracleCidr } from './address.ts';
import { byText, cidr, inside } from './address.ts';
import type { RawGroup, RawGroupRule, RawPair, RawPermission, RawTransit } from './documents.ts';
import type { OracleEni } from './eni.ts';
import { given, holds } from './eni.ts';
import type { Network } from './network.ts';
import { membersOf, sorted } from './network.ts';
import type { Answer, OracleSelector, Packet } from './selector.ts';
import { both, portsText, protocolText, selector, selects, width } from './selector.ts';

type Peer =
  | { readonly kind: 'cidr'; readonly block: OracleCidr }
  | { readonly kind: 'prefix-list'; readonly id: string }
  | {
      readonly kind: 'group';
      readonly id: string;
      readonly account: string | null;
      readonly status: string | null;
      readonly peering: string | null;
    };

export interface OracleRule {
  readonly id: string;
  readonly egress: boolean;
  readonly selector: OracleSelector;
  readonly peer: Peer;
  /** Account of the group the rule belongs to. */
  readonly account: string | null;
}

export interface SgAnswer {
  readonly verdict: 'allow' | 'deny' | 'unknown' | 'none';
  readonly rule: string | null;
  /** Every rule that matched for certain, by id. */
  readonly matched: readonly string[];
}

/** Rules of every described group; a group that `SecurityGroupRules` lists has those rules only (product.md §7.9). */
export function readGroups(network: Network): Map<string, readonly OracleRule[]> {
  const groups = new Map<string, OracleRule[]>();
  const described = new Map<string, RawGroup>();
  for (const group of network.raw.SecurityGroups)
    if (!described.has(group.GroupId)) described.set(group.GroupId, group);
  for (const [id, group] of described) groups.set(id, permissionRules(group));
  // CHOICE: a group known only by its SecurityGroupRules counts as described.
  const listed = new Map<string, OracleRule[]>();
  for (const rule of network.raw.SecurityGroupRules) {
    const rules = listed.get(rule.GroupId) ?? [];
    listed.set(rule.GroupId, rules);
    const account = given(described.get(rule.GroupId)?.OwnerId) ?? given(rule.GroupOwnerId);
    const peer = flatPeer(rule);
    if (peer === null) continue;
    const asks = selector(rule.IpProtocol, rule.FromPort, rule.ToPort);
    const id = given(rule.SecurityGroupRuleId) ?? syntheticId(rule.GroupId, rule.IsEgress, asks, peer);
    rules.push({ id, egress: rule.IsEgress, selector: asks, peer, account });
  }
  for (const [id, rules] of listed) groups.set(id, rules);
  return groups;
}

function permissionRules(group: RawGroup): OracleRule[] {
  const rules: OracleRule[] = [];
  const add = (permission: RawPermission, egress: boolean): void => {
    const asks = selector(permission.IpProtocol, permission.FromPort, permission.ToPort);
    for (const peer of permissionPeers(permission)) {
      const id = syntheticId(group.GroupId, egress, asks, peer);
      rules.push({ id, egress, selector: asks, peer, account: given(group.OwnerId) });
    }
  };
  for (const permission of group.IpPermissions ?? []) add(permission, false);
  for (const permission of group.IpPermissionsEgress ?? []) add(permission, true);
  return rules;
}

function cidrPeer(text: string): Peer | null {
  const block = cidr(text);
  return block === null ? null : { kind: 'cidr', block };
}

function pairPeer(pair: RawPair): Peer {
  return {
    kind: 'group',
    id: pair.GroupId,
    account: given(pair.UserId),
    status: given(pair.PeeringStatus),
    peering: given(pair.VpcPeeringConnectionId),
  };
}

function permissionPeers(permission: RawPermission): Peer[] {
  const blocks = [
    ...(permission.IpRanges ?? []).map((range) => range.CidrIp),
    ...(permission.Ipv6Ranges ?? []).map((range) => range.CidrIpv6),
  ];
  return [
    ...blocks.flatMap((text) => cidrPeer(text) ?? []),
    ...(permission.PrefixListIds ?? []).map((list): Peer => ({ kind: 'prefix-list', id: list.PrefixListId })),
    ...(permission.UserIdGroupPairs ?? []).map(pairPeer),
  ];
}

function flatPeer(rule: RawGroupRule): Peer | null {
  const block = given(rule.CidrIpv4) ?? given(rule.CidrIpv6);
  if (block !== null) return cidrPeer(block);
  const list = given(rule.PrefixListId);
  if (list !== null) return { kind: 'prefix-list', id: list };
  return rule.ReferencedGroupInfo ? pairPeer(rule.ReferencedGroupInfo) : null;
}

function syntheticId(group: string, egress: boolean, asks: OracleSelector, peer: Peer): string {
  const peerText = peer.kind === 'cidr' ? peer.block.text : peer.id;
  return `${group}/${egress ? 'egress' : 'ingress'}/${protocolText(asks)}/${portsText(asks)}/${peerText}`;
}

/** Whether the remote address is the rule's peer, and by what prefix length. */
function peerMatch(rule: OracleRule, remote: OracleAddress, viewer: OracleEni, scene: SgScene): [Answer, number] {
  const { peer } = rule;
  if (peer.kind === 'cidr') return inside(peer.block, remote) ? ['yes', peer.block.length] : ['no', 0];
  if (peer.kind === 'prefix-list') {
    const list = scene.network.prefixLists.get(peer.id);
    // CHOICE: a list whose AddressFamily is known and differs cannot match, even with its entries missing.
    if (list?.family !== null && list?.family !== undefined && list.family !== remote.family) return ['no', 0];
    if (list === undefined || list.blocks === null) return ['maybe', 0];
    const lengths = list.blocks.filter((block) => inside(block, remote)).map((block) => block.length);
    return lengths.length > 0 ? ['yes', Math.max(...lengths)] : ['no', 0];
  }
  return [groupMatch(rule, peer, remote, viewer, scene), remote.family === 4 ? 32 : 128];
}

function groupMatch(
  rule: OracleRule,
  peer: Peer & { kind: 'group' },
  remote: OracleAddress,
  viewer: OracleEni,
  scene: SgScene,
): Answer {
  if (scene.middlebox) return 'no';
  // CHOICE: any peering state but `active` is a stale reference (aws.md §2.3: "in state active").
  if (peer.status !== null && peer.status !== 'active') return 'no';
  const { VpcPeeringConnections } = scene.network.raw;
  const peering = VpcPeeringConnections.find((one) => one.VpcPeeringConnectionId === peer.peering);
  if ((given(peering?.Status?.Code) ?? 'active') !== 'active') return 'no';
  // CHOICE: a group of another account that only interfaces show may have members where our documents do not look.
  const members = membersOf(scene.network, peer.id);
  const answers = members
    .filter((eni) => holds(eni, remote) >= 0)
    .map((eni) =>
      peer.status === 'active' ? reachesOver(scene, viewer, remote, eni) : linked(scene, rule, viewer, remote, eni),
    );
  if (answers.includes('yes')) return 'yes';
  if (answers.includes('maybe')) return 'maybe';
  // CHOICE: an interface whose groups no document says may be a member of any group that is not stale.
  const ungrouped = [...scene.network.enis.values()].some(
    (eni) => eni.groups === null && holds(eni, remote) >= 0 && reachesOver(scene, viewer, remote, eni) === 'yes',
  );
  if (ungrouped && (members.length > 0 || scene.groups.has(peer.id))) return 'maybe';
  // sure of all members: described here, or seen in the rule's own account
  if (scene.groups.has(peer.id)) return 'no';
  // CHOICE: UserId not said = the same account; own account not known and UserId said = another account.
  return peer.account === null || peer.account === rule.account ? 'no' : 'maybe';
}

/** An address inside the viewer's own blocks is its own VPC's, whoever holds the same one elsewhere. */
function reachesOver({ network }: SgScene, viewer: OracleEni, remote: OracleAddress, member: OracleEni): Answer {
  if (viewer.vpcId === null || member.vpcId === null || viewer.vpcId === member.vpcId) return 'yes';
  return (network.vpcs.get(viewer.vpcId) ?? []).some((block) => inside(block, remote)) ? 'no' : 'yes';
}

/**
 * aws.md §2.3: a member in another VPC counts over an active peering or, inbound, over a transit gateway with
 * referencing enabled. CHOICE: with no document of peerings every member counts.
 */
function linked(scene: SgScene, rule: OracleRule, viewer: OracleEni, remote: OracleAddress, member: OracleEni): Answer {
  const own = reachesOver(scene, viewer, remote, member);
  const { VpcPeeringConnections: peerings, TransitGateways, TransitGatewayVpcAttachments } = scene.network.raw;
  if (own === 'no' || viewer.vpcId === member.vpcId || peerings.length === 0) return own;
  if (viewer.vpcId === null || member.vpcId === null) return own;
  const pair = [viewer.vpcId, member.vpcId];
  const isPeered = peerings.some((one) => {
    const ends = [given(one.RequesterVpcInfo?.VpcId), given(one.AccepterVpcInfo?.VpcId)];
    return (given(one.Status?.Code) ?? 'active') === 'active' && pair.every((vpcId) => ends.includes(vpcId));
  });
  if (isPeered) return 'yes';
  if (rule.egress) return 'no';
  if (TransitGatewayVpcAttachments.length === 0) return 'maybe';
  const support = (one: RawTransit): string | null => given(one.Options?.SecurityGroupReferencingSupport);
  const gatewaysOf = (vpcId: string): string[] =>
    TransitGatewayVpcAttachments.filter((one) => one.VpcId === vpcId && support(one) !== 'disable').map(
      (one) => one.TransitGatewayId,
    );
  const far = gatewaysOf(member.vpcId);
  const shared = gatewaysOf(viewer.vpcId).filter((id) => far.includes(id));
  const enabled = shared.map((id) => {
    const gateway = TransitGateways.find((one) => one.TransitGatewayId === id);
    return gateway === undefined ? null : support(gateway);
  });
  if (enabled.includes('enable')) return 'yes';
  return enabled.includes(null) ? 'maybe' : 'no';
}

export interface SgScene {
  readonly network: Network;
  readonly groups: ReadonlyMap<string, readonly OracleRule[]>;
  /** The request's route crosses an interface or GWLB endpoint: references match nothing. */
  readonly middlebox: boolean;
}

interface Match {
  readonly rule: OracleRule;
  readonly length: number;
}

/** Most specific remote, named protocol before all, narrowest, smallest id (product.md §3). */
function canonical(a: Match, b: Match): number {
  const named = (match: Match): number => (match.rule.selector.protocol === -1 ? 1 : 0);
  return (
    b.length - a.length ||
    named(a) - named(b) ||
    width(a.rule.selector) - width(b.rule.selector) ||
    byText(a.rule.id, b.rule.id)
  );
}

/** The union of all rules of all groups on the interface, for a *request* in the given direction. */
export function judgeSg(
  eni: OracleEni,
  egress: boolean,
  remote: OracleAddress | null,
  packet: Packet,
  scene: SgScene,
): SgAnswer {
  if (eni.groups === null) return { verdict: 'unknown', rule: null, matched: [] };
  if (eni.groups.length === 0) return { verdict: 'none', rule: null, matched: [] };
  // CHOICE: a record without the remote address is not judged.
  if (remote === null) return { verdict: 'unknown', rule: null, matched: [] };
  const certain: Match[] = [];
  let maybe = false;
  for (const id of eni.groups) {
    const rules = scene.groups.get(id);
    if (rules === undefined) maybe = true;
    for (const rule of rules ?? []) {
      if (rule.egress !== egress) continue;
      const selected = selects(rule.selector, packet);
      if (selected === 'no') continue;
      const [peer, length] = peerMatch(rule, remote, eni, scene);
      const answer = both(selected, peer);
      if (answer === 'yes') certain.push({ rule, length });
      if (answer === 'maybe') maybe = true;
    }
  }
  const matched = sorted(certain.map((match) => match.rule.id));
  const best = certain.sort(canonical)[0];
  if (best !== undefined) return { verdict: 'allow', rule: best.rule.id, matched };
  return maybe ? { verdict: 'unknown', rule: null, matched } : { verdict: 'deny', rule: 'implicit-deny', matched };
}
