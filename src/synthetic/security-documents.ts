import { dotted } from './addresses.ts';
import { ACCOUNT, PARTNERS } from './plan.ts';
import { INTENTS, type Intent, OPEN_EGRESS, type Outside, TIERS, type Tier } from './security.ts';
import type { NetworkIds } from './world.ts';

const PARTNER_PORTS = [8443, 8443] as const;

/**
 * Security groups as `aws ec2 describe-security-groups` prints them, one a tier, written from the intents. `partners`
 * more rules in each let single addresses in; every second address, so that no two make one block.
 */
export function securityGroupDocuments(ids: NetworkIds, partners: number): unknown[] {
  return TIERS.filter((tier) => tier !== 'none').map((tier, t) => ({
    Description: `interfaces of tier ${tier}`,
    GroupName: tier,
    IpPermissions: [
      ...permissions(
        ids,
        INTENTS.filter((intent) => intent.to === tier),
        (intent) => intent.from,
      ),
      ...(partners === 0 ? [] : [permission(ids, 'tcp', PARTNER_PORTS, partnersOf(t, partners))]),
    ],
    OwnerId: ACCOUNT,
    GroupId: ids.groups[tier],
    IpPermissionsEgress: OPEN_EGRESS.includes(tier)
      ? [permission(ids, '-1', null, [{ cidr: '0.0.0.0/0' }])]
      : permissions(
          ids,
          INTENTS.filter((intent) => intent.from === tier),
          (intent) => intent.to,
        ),
    VpcId: ids.vpc,
  }));
}

function partnersOf(tier: number, count: number): Outside[] {
  const first = PARTNERS.base + tier * 2 * count;
  return Array.from({ length: count }, (_, i) => ({ cidr: `${dotted(first + 2 * i)}/32` }));
}

/** AWS prints one permission for each protocol and port range, with all its peers. */
function permissions(
  ids: NetworkIds,
  intents: readonly Intent[],
  peerOf: (intent: Intent) => Tier | Outside,
): unknown[] {
  const selectors = new Map<string, { intent: Intent; peers: (Tier | Outside)[] }>();
  for (const intent of intents) {
    const key = `${intent.protocol}/${intent.ports?.join('-')}`;
    const found = selectors.get(key);
    if (found === undefined) selectors.set(key, { intent, peers: [peerOf(intent)] });
    else found.peers.push(peerOf(intent));
  }
  return [...selectors.values()].map(({ intent, peers }) => permission(ids, intent.protocol, intent.ports, peers));
}

function permission(
  ids: NetworkIds,
  IpProtocol: string,
  ports: readonly [number, number] | null,
  peers: readonly (Tier | Outside)[],
): unknown {
  const IpRanges: unknown[] = [];
  const PrefixListIds: unknown[] = [];
  const UserIdGroupPairs: unknown[] = [];
  for (const peer of peers) {
    if (typeof peer === 'string') UserIdGroupPairs.push({ GroupId: ids.groups[peer], UserId: ACCOUNT });
    else if ('cidr' in peer) IpRanges.push({ CidrIp: peer.cidr });
    else PrefixListIds.push({ PrefixListId: peer.prefixList === 's3' ? ids.s3List : ids.corporateList });
  }
  const range = ports === null ? {} : { FromPort: ports[0], ToPort: ports[1] };
  return { IpProtocol, ...range, IpRanges, Ipv6Ranges: [], PrefixListIds, UserIdGroupPairs };
}
