import type { Dice } from './dice.ts';
import type { WorldEni } from './random-interfaces.ts';
import { ACCOUNT, BLOCKS4, BLOCKS6, GROUPS, LISTS, OTHER_ACCOUNT, PORTS, SUBNETS, VPCS } from './random-network.ts';

/** Some pairs are printed the wrong way round; a throw of its own would make every seed another world. */
function isTurned(a: number, b: number): boolean {
  return a > b && (a + b) % 4 === 1;
}

/** Protocol with its ports or ICMP type and code, as `describe-security-groups` prints them. */
function selectorOf(dice: Dice): { IpProtocol: string; FromPort?: number; ToPort?: number } {
  const protocol = dice.pick(['-1', 'tcp', 'tcp', 'tcp', 'udp', 'udp', 'icmp', 'icmpv6', '47']);
  if (protocol === '-1' || protocol === '47') return { IpProtocol: protocol };
  if (protocol.startsWith('icmp')) {
    const FromPort = dice.pick([-1, -1, 0, 3, 8, 128]);
    return { IpProtocol: protocol, FromPort, ToPort: FromPort < 0 ? -1 : dice.pick([-1, 0, 4]) };
  }
  const [a, b] = [dice.pick(PORTS), dice.pick(PORTS)];
  const wide = dice.below(4);
  if (wide === 0) return { IpProtocol: protocol, FromPort: 0, ToPort: 65_535 };
  if (isTurned(a, b)) return { IpProtocol: protocol, FromPort: a, ToPort: b };
  return { IpProtocol: protocol, FromPort: Math.min(a, b), ToPort: wide === 1 ? Math.max(a, b) : Math.min(a, b) };
}

function pairOf(dice: Dice): { GroupId: string; UserId?: string; PeeringStatus?: string } {
  const GroupId = dice.pick([...GROUPS, ...GROUPS, 'sg-undescribed', 'sg-gone']);
  return {
    GroupId,
    ...(dice.below(4) === 0 ? {} : { UserId: GroupId === 'sg-gone' && dice.below(2) === 0 ? OTHER_ACCOUNT : ACCOUNT }),
    ...(dice.below(10) === 0 ? { PeeringStatus: dice.pick(['active', 'deleted']) } : {}),
  };
}

function permissionOf(dice: Dice): object {
  const peers = dice.below(8);
  return {
    ...selectorOf(dice),
    IpRanges: peers < 4 ? [{ CidrIp: dice.pick(BLOCKS4) }] : [],
    Ipv6Ranges: peers === 4 ? [{ CidrIpv6: dice.pick(BLOCKS6) }] : [],
    PrefixListIds: peers === 5 ? [{ PrefixListId: dice.pick(LISTS) }] : [],
    UserIdGroupPairs: peers > 5 ? [pairOf(dice)] : [],
  };
}

export function groupDocument(dice: Dice, id: string): object {
  return {
    GroupId: id,
    GroupName: id,
    OwnerId: ACCOUNT,
    VpcId: 'vpc-a',
    IpPermissions: Array.from({ length: dice.below(6) }, () => permissionOf(dice)),
    IpPermissionsEgress: Array.from({ length: dice.below(4) }, () => permissionOf(dice)),
  };
}

export function flatRules(dice: Dice): object[] {
  return Array.from({ length: 1 + dice.below(5) }, (_, i) => {
    const peer = dice.below(4);
    return {
      SecurityGroupRuleId: `sgr-${(i * 7) % 10}${i}`,
      GroupId: dice.pick(['sg-1', 'sg-2']),
      GroupOwnerId: ACCOUNT,
      IsEgress: dice.below(2) === 0,
      ...selectorOf(dice),
      ...(peer === 0 ? { CidrIpv4: dice.pick(BLOCKS4) } : {}),
      ...(peer === 1 ? { CidrIpv6: dice.pick(BLOCKS6) } : {}),
      ...(peer === 2 ? { PrefixListId: dice.pick(LISTS) } : {}),
      ...(peer === 3 ? { ReferencedGroupInfo: pairOf(dice) } : {}),
    };
  });
}

function entryOf(dice: Dice, Egress: boolean): object {
  const Protocol = dice.pick(['-1', '-1', '6', '6', '6', '17', '1', '58']);
  const [a, b] = [dice.pick(PORTS), dice.pick(PORTS)];
  const isPorted = Protocol === '6' || Protocol === '17';
  const type = dice.pick([-1, 0, 8]);
  return {
    RuleNumber: dice.pick([10, 20, 20, 100, 200, 300, 500, 32_766]),
    Egress,
    Protocol,
    RuleAction: dice.below(3) === 0 ? 'deny' : 'allow',
    ...(dice.below(4) === 0 ? { Ipv6CidrBlock: dice.pick(BLOCKS6) } : { CidrBlock: dice.pick(BLOCKS4) }),
    ...(isPorted
      ? { PortRange: isTurned(a, b) ? { From: a, To: b } : { From: Math.min(a, b), To: Math.max(a, b) } }
      : {}),
    ...(Protocol === '1' || Protocol === '58'
      ? { IcmpTypeCode: { Type: type, Code: type < 0 ? -1 : dice.pick([-1, 0]) } }
      : {}),
  };
}

export function aclDocuments(dice: Dice): object[] {
  const last = { RuleNumber: 32_767, Protocol: '-1', RuleAction: 'deny', CidrBlock: '0.0.0.0/0' };
  return ['vpc-a', 'vpc-b'].flatMap((VpcId) =>
    [true, false].map((IsDefault) => ({
      NetworkAclId: `acl-${VpcId.slice(-1)}${IsDefault ? '' : '2'}`,
      VpcId,
      IsDefault,
      Entries: [
        ...Array.from({ length: dice.below(5) }, () => entryOf(dice, false)),
        ...Array.from({ length: dice.below(5) }, () => entryOf(dice, true)),
        ...(dice.below(3) === 0 ? [{ ...entryOf(dice, false), RuleAction: 'allow' }] : []),
        ...(dice.below(6) === 0 ? [] : [false, true].map((Egress) => ({ ...last, Egress }))),
      ],
      Associations: IsDefault
        ? []
        : SUBNETS.filter(({ vpc }) => vpc === VpcId && dice.below(2) === 0).map(({ id }) => ({ SubnetId: id })),
    })),
  );
}

function targetOf(dice: Dice, enis: readonly WorldEni[]): object {
  return dice.pick<object>([
    { GatewayId: 'igw-1' },
    { NatGatewayId: 'nat-1' },
    { TransitGatewayId: 'tgw-1' },
    { VpcPeeringConnectionId: 'pcx-1' },
    { GatewayId: 'vpce-gwlb' },
    { GatewayId: 'vpce-other' },
    { GatewayId: 'vgw-1' },
    { EgressOnlyInternetGatewayId: 'eigw-1' },
    { NetworkInterfaceId: dice.pick(enis).id, InstanceId: 'i-9' },
    { CoreNetworkArn: 'arn:aws:networkmanager::1:core-network/1' },
  ]);
}

function routeOf(dice: Dice, enis: readonly WorldEni[]): object {
  const to = dice.below(6);
  return {
    ...(to === 0 ? { DestinationPrefixListId: dice.pick(LISTS) } : {}),
    ...(to === 1 ? { DestinationIpv6CidrBlock: dice.pick(BLOCKS6) } : {}),
    ...(to > 1 ? { DestinationCidrBlock: dice.pick(BLOCKS4) } : {}),
    ...targetOf(dice, enis),
    Origin: dice.below(5) === 0 ? 'EnableVgwRoutePropagation' : 'CreateRoute',
    State: dice.pick(['active', 'active', 'active', 'active', 'blackhole', 'filtered']),
  };
}

export function routeTableDocuments(dice: Dice, enis: readonly WorldEni[]): object[] {
  return VPCS.flatMap(({ id: VpcId, cidrs, cidr6 }) =>
    [true, false].flatMap((Main) => {
      const added = Array.from({ length: dice.below(6) }, () => routeOf(dice, enis));
      // of some tables the local route leads to an interface; some VPCs have no main one
      const target = added.length === 4 ? { NetworkInterfaceId: enis[0]?.id } : { GatewayId: 'local' };
      const local = { ...target, Origin: 'CreateRouteTable', State: 'active' };
      const table = {
        RouteTableId: `rtb-${VpcId.slice(-1)}${Main ? '' : '2'}`,
        VpcId,
        Routes: [
          ...cidrs.map((DestinationCidrBlock) => ({ DestinationCidrBlock, ...local })),
          { DestinationIpv6CidrBlock: cidr6, ...local },
          ...added,
        ],
        Associations: Main
          ? [{ Main: true }]
          : SUBNETS.filter(({ vpc }) => vpc === VpcId && dice.below(2) === 0).map(({ id }) => ({ SubnetId: id })),
      };
      return Main && added.length === 5 ? [] : [table];
    }),
  );
}

/** pl-1 and pl-4 are expanded, pl-2 is named without entries, pl-3 is known to be IPv6 only, pl-missing is nowhere. */
export function listDocuments(dice: Dice): object[] {
  const some = (blocks: readonly string[]): string[] => dice.shuffle(blocks).slice(0, 1 + dice.below(4));
  return [
    { PrefixListId: 'pl-1', PrefixListName: 'one', AddressFamily: 'IPv4', Cidrs: some(BLOCKS4.slice(1)) },
    { PrefixListId: 'pl-2', PrefixListName: 'two' },
    { PrefixListId: 'pl-3', PrefixListName: 'three', AddressFamily: 'IPv6' },
    { PrefixListId: 'pl-4', PrefixListName: 'four', Cidrs: some(BLOCKS6.slice(1)) },
  ];
}
