import { describe, expect, test } from 'vitest';
import { EniSet } from '../../../src/rules/view.ts';
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
import { type AskedRules, askRules } from '../../support/rules-view.ts';

/*
 * Single-layer cases of the conformance table: the network of three subnets, two VPCs and a firewall in which each AWS
 * rule has one packet that shows it. SG: the request's direction. NACL and route: the record's own direction.
 */
const OPEN = ['in', 'out'].flatMap(
  (way) =>
    [
      [100, way, 'allow', 'all', '0.0.0.0/0'],
      [101, way, 'allow', 'all', '::/0'],
      [32767, way, 'deny', 'all', '0.0.0.0/0'],
      [32768, way, 'deny', 'all', '::/0'],
    ] as [number, 'in' | 'out', 'allow' | 'deny', string, string][],
);

const world = inventory({
  vpcs: [
    vpc('vpc-a', ['10.0.0.0/16', '2001:db8:a::/56']),
    vpc('vpc-b', ['10.1.0.0/16']),
    vpc('vpc-c', ['10.2.0.0/16']),
  ],
  subnets: [
    subnet('app1', 'vpc-a', 'use1-az1', ['10.0.1.0/24']),
    subnet('app2', 'vpc-a', 'use1-az2', ['10.0.2.0/24', '2001:db8:a:2::/64']),
    subnet('app3', 'vpc-a', 'use1-az1', ['10.0.4.0/24']),
    subnet('db', 'vpc-a', 'use1-az1', ['10.0.3.0/24']),
    subnet('insp', 'vpc-a', 'use1-az1', ['10.0.9.0/24']),
    subnet('pub1', 'vpc-a', 'use1-az1', ['10.0.0.0/24']),
  ],
  networkInterfaces: [
    eni('br1', ['10.0.1.60'], ['sg-pod'], { subnetId: 'app1', kind: 'pod-branch' }),
    eni('db', ['10.0.3.5'], ['sg-db'], { subnetId: 'db' }),
    eni('db2', ['10.0.3.6'], ['sg-db'], { subnetId: 'db' }),
    eni('fw', ['10.0.9.9'], ['sg-fw'], { subnetId: 'insp' }),
    eni('nat', ['10.0.0.220'], [], { subnetId: 'pub1', kind: 'nat-gateway' }),
    eni('node1', ['10.0.1.10', '10.0.1.11', '10.0.1.12', '10.0.1.16/28'], ['sg-node'], {
      subnetId: 'app1',
      kind: 'node-primary',
    }),
    eni('node2', ['10.0.1.40'], ['sg-node'], { subnetId: 'app1', kind: 'node-primary' }),
    eni('node3', ['10.0.2.10', '10.0.2.11', '2001:db8:a:2::10'], ['sg-node'], {
      subnetId: 'app2',
      kind: 'node-primary',
    }),
    eni('node4', ['10.0.4.10'], ['sg-node'], { subnetId: 'app3', kind: 'node-primary' }),
    eni('web', ['10.0.0.30'], ['sg-web', 'sg-web2'], { subnetId: 'pub1', publicAddresses: [address('198.51.100.30')] }),
  ],
  securityGroups: [
    securityGroup('sg-db', [
      ['d1', 'in', 'tcp 5432', 'sg-node'],
      ['d2', 'in', 'tcp 5432', 'pl-corp'],
      ['d3', 'in', 'icmp 3/4', '0.0.0.0/0'],
    ]),
    securityGroup('sg-fw', []),
    securityGroup('sg-node', [
      ['n1', 'in', 'all', 'sg-node'],
      ['n2', 'in', 'tcp 30000-32767', '10.0.0.0/16'],
      ['n3', 'in', 'icmp 8', '10.0.0.0/16'],
      ['n9', 'out', 'all', '0.0.0.0/0'],
      ['n10', 'out', 'all', '::/0'],
    ]),
    securityGroup('sg-pod', [
      ['p1', 'in', 'tcp 8080', 'sg-web'],
      ['p2', 'out', 'tcp 5432', 'sg-db'],
      ['p3', 'out', 'udp 53', '10.0.0.53/32'],
      ['p4', 'out', 'tcp 443', 'pl-s3'],
    ]),
    securityGroup('sg-web', [
      ['w1', 'in', 'tcp 443', '0.0.0.0/0'],
      ['w2', 'in', 'tcp 443', '::/0'],
      ['w3', 'in', '47 100-200', '203.0.113.0/24'],
      ['w9', 'out', 'all', '0.0.0.0/0'],
    ]),
    securityGroup('sg-web2', [['x1', 'in', 'tcp 8000-8010', '203.0.113.7/32']]),
  ],
  networkAcls: [
    networkAcl(
      'acl-db',
      ['db'],
      [
        [100, 'in', 'allow', 'tcp 5432', '10.0.0.0/16'],
        [90, 'in', 'deny', 'tcp 5432', '10.0.2.0/24'],
        [110, 'in', 'allow', 'tcp 1024-65535', '0.0.0.0/0'],
        [120, 'in', 'allow', 'icmp 8', '10.0.0.0/16'],
        [100, 'out', 'allow', 'tcp 1024-65535', '10.0.1.0/24'],
        [105, 'out', 'deny', 'all', '10.0.2.0/24'],
        [110, 'out', 'allow', 'tcp 1024-65535', '10.0.0.0/16'],
        [120, 'out', 'allow', 'icmp 0', '10.0.0.0/16'],
      ],
    ),
    networkAcl('acl-open', [], OPEN, { isDefault: true }),
  ],
  routeTables: [
    routeTable(
      'rtb-app1',
      ['app1'],
      [
        ['10.0.0.0/16', 'local', null],
        ['0.0.0.0/0', 'nat', 'nat-1'],
        ['pl-s3', 'vpce', 'vpce-s3'],
        ['3.5.0.0/19', 'nat', 'nat-1'],
        ['10.1.0.0/16', 'pcx', 'pcx-ab'],
        ['10.9.0.0/16', 'tgw', 'tgw-1'],
        ['10.50.0.0/16', 'blackhole', 'pcx-dead'],
        ['172.16.0.0/12', 'vgw', 'vgw-1', 'propagated'],
        ['172.16.5.0/24', 'eni', 'fw'],
        ['172.31.0.0/24', 'vgw', 'vgw-1', 'propagated'],
        ['172.31.0.0/24', 'tgw', 'tgw-1'],
        ['10.0.7.0/24', 'vgw', 'vgw-1', 'propagated'],
      ],
    ),
    routeTable(
      'rtb-app2',
      ['app2'],
      [
        ['10.0.0.0/16', 'local', null],
        ['2001:db8:a::/56', 'local', null],
        ['0.0.0.0/0', 'nat', 'nat-1'],
        ['::/0', 'eigw', 'eigw-1'],
      ],
    ),
    routeTable(
      'rtb-app3',
      ['app3'],
      [
        ['10.0.0.0/16', 'local', null],
        ['10.0.3.0/24', 'eni', 'fw'],
        ['10.2.0.0/16', 'pcx', 'pcx-ab'],
        ['0.0.0.0/0', 'igw', 'igw-1'],
      ],
    ),
    routeTable(
      'rtb-main',
      [],
      [
        ['10.0.0.0/16', 'local', null],
        ['192.168.0.0/16', 'vgw', 'vgw-1', 'propagated'],
      ],
      { main: true },
    ),
    routeTable(
      'rtb-pub',
      ['pub1'],
      [
        ['10.0.0.0/16', 'local', null],
        ['0.0.0.0/0', 'igw', 'igw-1'],
        ['::/0', 'igw', 'igw-1'],
      ],
    ),
  ],
  prefixLists: [
    prefixList('pl-corp', ['192.168.0.0/16', '172.20.0.0/16']),
    prefixList('pl-s3', ['52.216.0.0/15', '3.5.0.0/19']),
  ],
});

const asked: AskedRules = askRules(world);
const PROTOCOL: Readonly<Record<string, number>> = { tcp: 6, udp: 17, icmp: 1, gre: 47 };
const OPEN_RULE = { in: 'allow acl-open/ingress/100', out: 'allow acl-open/egress/100' };

function ask(at: string, word: number, peer: string, service: string, variant: 0 | 1 = 0): string {
  const [name = '', port = '0'] = service.split(' ');
  const { verdict, rule } = asked.judge(
    asked.eniIndex(at),
    word,
    address(peer),
    PROTOCOL[name] ?? 0,
    Number(port),
    variant,
  );
  return rule === null ? verdict : `${verdict} ${rule}`;
}

describe('security groups', () => {
  test.each([
    ['C01', 'node1', 'out', '10.0.3.5', 'tcp 5432', 'allow n9'],
    ['C02', 'db', 'in', '10.0.1.11', 'tcp 5432', 'allow d1'],
    ['C03', 'db', 'in', '10.0.1.20', 'tcp 5432', 'allow d1'],
    ['C05', 'db', 'in', '10.0.1.60', 'tcp 5432', 'deny implicit-deny'],
    ['C10', 'db', 'out', '10.0.1.10', 'tcp 30080', 'deny implicit-deny'],
    ['C11', 'db', 'in', '192.168.4.4', 'tcp 5432', 'allow d2'],
    ['C12', 'db', 'in', '192.168.4.4', 'tcp 5433', 'deny implicit-deny'],
    ['C13', 'node1', 'in', '10.0.1.40', 'tcp 8080', 'allow n1'],
    ['C14', 'db2', 'in', '10.0.3.5', 'tcp 5432', 'deny implicit-deny'],
    ['C15', 'node2', 'in', '10.0.3.5', 'tcp 30000', 'allow n2'],
    ['C16', 'node2', 'in', '10.0.3.5', 'tcp 29999', 'deny implicit-deny'],
    ['C19', 'node1', 'in', '10.0.3.5', 'icmp', 'unknown'],
    ['C22', 'web', 'in', '203.0.113.7', 'tcp 8005', 'allow x1'],
    ['C23', 'web', 'in', '203.0.113.8', 'tcp 8005', 'deny implicit-deny'],
    ['C24', 'web', 'in', '203.0.113.8', 'gre', 'allow w3'],
    ['C25', 'web', 'out', '203.0.113.8', 'tcp 25', 'allow w9'],
    ['C26', 'node3', 'in', '2001:db8:a:2::99', 'tcp 443', 'deny implicit-deny'],
    ['C27', 'node3', 'out', '2001:db8:ffff::1', 'tcp 443', 'allow n10'],
    ['C40', 'br1', 'out', '10.0.3.5', 'tcp 5432', 'allow p2'],
    ['C41', 'br1', 'out', '10.0.0.53', 'udp 53', 'allow p3'],
    ['C42', 'br1', 'out', '10.0.0.53', 'tcp 53', 'deny implicit-deny'],
    ['C43', 'br1', 'out', '52.217.1.1', 'tcp 443', 'allow p4'],
    ['C44', 'br1', 'in', '10.0.0.30', 'tcp 8080', 'allow p1'],
    ['C45', 'br1', 'in', '198.51.100.30', 'tcp 8080', 'deny implicit-deny'],
    ['C47', 'nat', 'in', '10.0.1.10', 'tcp 443', 'none'],
  ])('%s at %s %s: %s %s → %s', (_, at, way, peer, service, expected) => {
    expect(ask(at, way === 'in' ? EniSet.sgIngress : EniSet.sgEgress, peer, service)).toBe(expected);
  });

  test('C50: through a middlebox a reference matches nothing, a CIDR still does', () => {
    expect(asked.view.hasMiddleboxRoutes).toBe(true);
    expect(ask('db', EniSet.sgIngress, '10.0.4.10', 'tcp 5432')).toBe('allow d1');
    expect(ask('db', EniSet.sgIngress, '10.0.4.10', 'tcp 5432', 1)).toBe('deny implicit-deny');
    expect(ask('db', EniSet.sgIngress, '192.168.4.4', 'tcp 5432', 1)).toBe('allow d2');
  });
});

describe('network ACLs', () => {
  test.each([
    ['C02', 'db', 'in', '10.0.1.11', 'tcp 5432', 'allow acl-db/ingress/100'],
    ['C04', 'db', 'in', '10.0.2.11', 'tcp 5432', 'deny acl-db/ingress/90'],
    ['C06', 'db', 'out', '10.0.1.11', 'tcp 40000', 'allow acl-db/egress/100'],
    ['C08', 'db', 'out', '10.0.1.11', 'tcp 900', 'deny acl-db/egress/*'],
    ['C09', 'db', 'out', '192.168.4.4', 'tcp 40000', 'deny acl-db/egress/*'],
    ['C11', 'db', 'in', '192.168.4.4', 'tcp 5432', 'allow acl-db/ingress/110'],
    ['C20', 'db', 'in', '203.0.113.9', 'icmp', 'deny acl-db/ingress/*'],
    ['C21 without the type', 'db', 'in', '10.0.1.10', 'icmp', 'unknown'],
    ['C25', 'web', 'out', '203.0.113.8', 'tcp 25', OPEN_RULE.out],
    ['C27', 'node3', 'out', '2001:db8:ffff::1', 'tcp 443', 'allow acl-open/egress/101'],
    ['C39', 'db', 'out', '198.51.100.1', 'tcp 443', 'deny acl-db/egress/*'],
    ['C47', 'nat', 'in', '8.8.8.8', 'tcp 443', OPEN_RULE.in],
    ['C51', 'db', 'out', '10.0.2.11', 'tcp 40000', 'deny acl-db/egress/105'],
  ])('%s at %s %s: %s %s → %s', (_, at, way, peer, service, expected) => {
    expect(ask(at, way === 'in' ? EniSet.naclIngress : EniSet.naclEgress, peer, service)).toBe(expected);
  });

  test('every entry that matches is listed behind the one that decided', () => {
    const { matches } = asked.judge(asked.eniIndex('db'), EniSet.naclIngress, address('10.0.2.11'), 6, 5432);
    expect(matches).toEqual(['acl-db/ingress/90', 'acl-db/ingress/100', 'acl-db/ingress/110', 'acl-db/ingress/*']);
  });
});

describe('routes', () => {
  test.each([
    ['C01', 'node1', '10.0.3.5', 'local local 10.0.0.0/16'],
    ['C09', 'db', '192.168.4.4', 'vgw vgw-1 192.168.0.0/16'],
    ['C25', 'web', '203.0.113.8', 'igw igw-1 0.0.0.0/0'],
    ['C27', 'node3', '2001:db8:ffff::1', 'eigw eigw-1 ::/0'],
    ['C28', 'node1', '52.217.1.1', 'vpce vpce-s3 52.216.0.0/15'],
    ['C29', 'node1', '3.5.1.1', 'nat nat-1 3.5.0.0/19'],
    ['C30', 'node1', '8.8.8.8', 'nat nat-1 0.0.0.0/0'],
    ['C31', 'node1', '10.1.5.5', 'pcx pcx-ab 10.1.0.0/16'],
    ['C32', 'node1', '10.2.5.5', 'nat nat-1 0.0.0.0/0'],
    ['C33', 'node1', '10.50.1.1', 'blackhole pcx-dead 10.50.0.0/16'],
    ['C34', 'node1', '172.16.5.9', 'eni fw 172.16.5.0/24'],
    ['C35', 'node1', '172.17.0.9', 'vgw vgw-1 172.16.0.0/12'],
    ['C36', 'node1', '172.31.0.9', 'tgw tgw-1 172.31.0.0/24'],
    ['C37', 'node1', '10.0.7.9', 'local local 10.0.0.0/16'],
    ['C38', 'node4', '10.0.3.5', 'eni fw 10.0.3.0/24'],
    ['C39', 'db', '198.51.100.1', 'none'],
    ['C48', 'node1', '10.9.1.1', 'tgw tgw-1 10.9.0.0/16'],
    ['C52', 'node4', '10.2.5.5', 'pcx pcx-ab 10.2.0.0/16'],
    ['C53', 'node1', '2001:db8:ffff::1', 'none'],
  ])('%s from %s to %s → %s', (_, at, to, expected) => {
    expect(asked.route(asked.eniIndex(at), address(to))).toBe(expected);
  });
});
