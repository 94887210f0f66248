import { describe, expect, test } from 'vitest';
import { Kind } from '../../../src/model/verdict.ts';
import { ClassFlag, ENI_STRIDE, EniWord, SUBNET6_STRIDE } from '../../../src/rules/view.ts';
import {
  address,
  eni,
  inventory,
  networkAcl,
  prefixList,
  routeTable,
  securityGroup,
  subnet,
  vpc,
} from '../../support/inventory.ts';
import { askRules } from '../../support/rules-view.ts';

const VPC_A = vpc('vpc-a', ['10.0.0.0/16', '2001:db8:a::/56']);

describe('catalog', () => {
  test('numbers rules by layer, then id; tells each in one sentence', () => {
    const inv = inventory({
      securityGroups: [
        securityGroup('sg-x', [
          ['sgr-2', 'out', 'udp 53', '10.0.0.0/8'],
          ['sgr-1', 'in', 'tcp 80-90', 'sg-x'],
        ]),
      ],
      networkAcls: [networkAcl('acl-1', [], [[100, 'in', 'allow', 'icmp 8', '10.0.0.0/8']])],
      routeTables: [
        routeTable(
          'rtb-1',
          [],
          [
            ['0.0.0.0/0', 'nat', 'nat-1'],
            ['pl-1', 'vpce', 'v-1'],
            ['10.5.0.0/16', 'blackhole', 'pcx-1'],
          ],
        ),
      ],
      prefixLists: [prefixList('pl-1', ['192.0.2.0/24', '198.51.100.0/24'])],
    });
    const { catalog } = askRules(inv);
    expect(catalog.rules.map((rule) => [rule.layer, rule.id, rule.text])).toEqual([
      ['sg', 'sgr-1', 'sg-x ingress allows tcp 80-90 from sg-x'],
      ['sg', 'sgr-2', 'sg-x egress allows udp 53 to 10.0.0.0/8'],
      ['nacl', 'acl-1/egress/*', 'acl-1 egress * denies what no entry matched'],
      ['nacl', 'acl-1/ingress/*', 'acl-1 ingress * denies what no entry matched'],
      ['nacl', 'acl-1/ingress/100', 'acl-1 ingress 100 allows icmp type 8 from 10.0.0.0/8'],
      ['route', 'rtb-1/0.0.0.0/0', 'rtb-1 sends 0.0.0.0/0 to nat-1'],
      ['route', 'rtb-1/10.5.0.0/16', 'rtb-1 sends 10.5.0.0/16 to nowhere (blackhole, was pcx-1)'],
      ['route', 'rtb-1/192.0.2.0/24', 'rtb-1 sends 192.0.2.0/24 (pl-1) to v-1'],
      ['route', 'rtb-1/198.51.100.0/24', 'rtb-1 sends 198.51.100.0/24 (pl-1) to v-1'],
    ]);
  });
});

describe('interface rows and address flags', () => {
  test('every word of a row', () => {
    const inv = inventory({
      vpcs: [VPC_A, vpc('vpc-b', ['10.1.0.0/16'])],
      subnets: [
        subnet('s-0', 'vpc-a', 'use1-az2', ['10.0.2.0/23', '2001:db8:a:2::/64']),
        subnet('s-1', 'vpc-b', 'use1-az1', []),
      ],
      networkInterfaces: [
        eni('eni-0', ['10.0.2.5', '10.0.2.6'], [], { subnetId: 's-0', instanceId: 'i-2', kind: 'node-primary' }),
        eni('eni-1', ['10.0.2.7', '2001:db8:a:2::7'], [], { subnetId: 's-0', instanceId: 'i-2', kind: 'pod-branch' }),
        eni('eni-2', ['10.1.0.1'], [], { vpcId: null, subnetId: 's-1', instanceId: 'i-1', kind: 'nat-gateway' }),
        eni('eni-3', [], [], { vpcId: null, zone: 'us-east-1a', kind: 'load-balancer' }),
      ],
    });
    const { view } = askRules(inv);
    const words = (index: number, word: number): number => view.eni[index * ENI_STRIDE + word] ?? NaN;
    const column = (word: number): number[] => [0, 1, 2, 3].map((index) => words(index, word));
    expect(column(EniWord.subnet)).toEqual([0, 0, 1, -1]);
    expect(column(EniWord.vpc)).toEqual([0, 0, 1, -1]);
    // names beside ids say nothing about equality
    expect(column(EniWord.zone)).toEqual([words(0, EniWord.zone), words(0, EniWord.zone), words(2, EniWord.zone), -1]);
    expect(words(0, EniWord.zone)).not.toBe(words(2, EniWord.zone));
    expect(column(EniWord.primary4)).toEqual([0x0a00_0205, 0x0a00_0207, 0x0a01_0001, 0]);
    expect(column(EniWord.subnetBase4)).toEqual([0x0a00_0200, 0x0a00_0200, 1, 1]);
    expect(column(EniWord.subnetMask4)).toEqual([0xffff_fe00 | 0, 0xffff_fe00 | 0, 0, 0]);
    expect(column(EniWord.kind)).toEqual([Kind.node, Kind.pod, Kind.natGateway, Kind.loadBalancer]);
    expect(column(EniWord.hasSecondary)).toEqual([1, 0, 0, 0]);
    expect(column(EniWord.node)).toEqual([1, 1, 0, -1]);
    expect([...view.subnet6.subarray(0, SUBNET6_STRIDE)]).toEqual([
      0x2001_0db8, 0x000a_0002, 0, 0, 0xffff_ffff, 0xffff_ffff, 0, 0,
    ]);
    expect([...view.subnet6.subarray(SUBNET6_STRIDE)]).toEqual(Array(8).fill(0xffff_ffff));
    expect([...view.resolvers]).toEqual([0, 0x0a00_0002, 1, 0x0a01_0002]);
  });

  test('inside, exempt and resolver addresses', () => {
    const inv = inventory({ vpcs: [VPC_A], networkInterfaces: [eni('eni-x', ['172.31.9.9', 'fd00::1'], [])] });
    const asked = askRules(inv);
    const flags = (text: string): number => asked.view.classFlags[asked.classOf(address(text))] ?? NaN;
    expect(flags('10.0.255.255')).toBe(ClassFlag.inside);
    expect(flags('10.0.0.2')).toBe(ClassFlag.inside | ClassFlag.resolver);
    expect(flags('172.31.9.9')).toBe(ClassFlag.inside);
    expect(flags('172.31.9.10')).toBe(0);
    expect(flags('fd00::1')).toBe(ClassFlag.inside);
    expect(flags('2001:db8:a::5')).toBe(ClassFlag.inside);
    expect(flags('2001:db8:b::5')).toBe(0);
    for (const last of ['169.254', '169.253', '169.123', '169.250', '169.251', '170.2']) {
      expect(flags(`169.254.${last}`), last).toBe(ClassFlag.exempt);
    }
    for (const last of ['169.252', '169.249', '169.122', '170.1', '170.3', '169.255']) {
      expect(flags(`169.254.${last}`), last).toBe(0);
    }
    expect(flags('fd00:ec2::254')).toBe(ClassFlag.exempt);
    expect(flags('fd00:ec2:ffff:ffff:ffff:ffff:ffff:ffff')).toBe(ClassFlag.exempt);
    expect(flags('fd00:ec3::')).toBe(0);
  });
});
