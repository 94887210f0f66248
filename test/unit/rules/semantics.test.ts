import { describe, expect, test } from 'vitest';
import type { Inventory } from '../../../src/inventory/inventory.ts';
import { EniSet, NO_SET, SETS_STRIDE, UNKNOWN_SET } from '../../../src/rules/view.ts';
import {
  address,
  eni,
  inventory,
  networkAcl,
  prefixList,
  type RuleRow,
  routeTable,
  securityGroup,
  subnet,
  vpc,
} from '../../support/inventory.ts';
import { askRules } from '../../support/rules-view.ts';

const VPC_A = vpc('vpc-a', ['10.0.0.0/16', '2001:db8:a::/56']);

/** One interface with group sg-x (rules given) in vpc-a, and what else the case needs. */
function world(rows: readonly RuleRow[], more: Partial<Inventory> = {}): Inventory {
  return inventory({
    vpcs: [VPC_A],
    networkInterfaces: [eni('eni-x', ['10.0.0.10'], ['sg-x'])],
    securityGroups: [securityGroup('sg-x', rows)],
    ...more,
  });
}

function ingress(
  inv: Inventory,
  peer: string,
  protocol = 6,
  port = 443,
): ReturnType<ReturnType<typeof askRules>['judge']> {
  const asked = askRules(inv);
  return asked.judge(asked.eniIndex('eni-x'), EniSet.sgIngress, address(peer), protocol, port);
}

describe('canonical deciding rule', () => {
  test('most specific remote, then named protocol, then narrowest ports, then smallest id', () => {
    const rows: RuleRow[] = [
      ['a-wide', 'in', 'tcp 443', '10.0.0.0/8'],
      ['b-all', 'in', 'all', '10.0.5.0/24'],
      ['c-tcp', 'in', 'tcp', '10.0.5.0/24'],
      ['d-range', 'in', 'tcp 400-500', '10.0.5.0/24'],
      ['f-one', 'in', 'tcp 443', '10.0.5.0/24'],
      ['e-one', 'in', 'tcp 443', '10.0.5.0/24'],
    ];
    expect(ingress(world(rows), '10.0.5.1').matches).toEqual(['e-one', 'f-one', 'd-range', 'c-tcp', 'b-all', 'a-wide']);
  });

  test('a group reference ranks as a single address, a prefix list as its matching entry', () => {
    const rows: RuleRow[] = [
      ['by-25', 'in', 'tcp 443', '10.0.5.0/25'],
      ['by-group', 'in', 'all', 'sg-x'],
      ['by-list', 'in', 'tcp 443', 'pl-1'],
    ];
    const inv = world(rows, {
      networkInterfaces: [eni('eni-x', ['10.0.0.10', '10.0.5.1'], ['sg-x'])],
      prefixLists: [prefixList('pl-1', ['10.0.0.0/8', '10.0.5.0/26'])],
    });
    expect(ingress(inv, '10.0.5.1').matches).toEqual(['by-group', 'by-list', 'by-25']);
    expect(ingress(inv, '10.0.5.2').matches).toEqual(['by-list', 'by-25']);
    expect(ingress(inv, '10.0.5.64').matches).toEqual(['by-25', 'by-list']);
  });

  test('for ICMP type and code before type before all; a certain match decides over possible ones', () => {
    const rows: RuleRow[] = [
      ['a-all', 'in', 'icmp', '0.0.0.0/0'],
      ['b-type', 'in', 'icmp 8', '10.0.0.0/8'],
      ['c-code', 'in', 'icmp 8/0', '10.0.0.0/8'],
    ];
    const { verdict, rule, matches } = ingress(world(rows), '10.9.9.9', 1, 0);
    expect({ verdict, rule, matches }).toEqual({
      verdict: 'allow',
      rule: 'a-all',
      matches: ['a-all', 'c-code?', 'b-type?'],
    });
    expect(ingress(world(rows.slice(1)), '10.9.9.9', 1, 0).verdict).toBe('unknown');
  });
});

describe('knowledge that is missing', () => {
  test('C58: a referenced group that nothing shows is stale in its own account, unknown in another', () => {
    const stale = world([['r', 'in', 'tcp 443', 'sg-gone']]);
    expect(ingress(stale, '10.0.0.99').verdict).toBe('deny');
    expect(askRules(stale).warnings).toEqual([
      'security group rule r: stale reference: group sg-gone is not in the inventory; the rule matches nothing',
    ]);
    const group = securityGroup('sg-x', [['r', 'in', 'tcp 443', 'sg-gone']]);
    const owned = (ownerId: string, peeringStatus: string | null): Inventory =>
      world([], {
        securityGroups: [
          {
            ...group,
            rules: group.rules.map((r) => ({
              ...r,
              peer: { kind: 'group', id: 'sg-gone', ownerId, peeringStatus, peeringId: null },
            })),
          },
        ],
      });
    expect(ingress(owned('111111111111', null), '10.0.0.99').verdict).toBe('deny');
    expect(ingress(owned('222222222222', null), '10.0.0.99')).toEqual({
      verdict: 'unknown',
      rule: null,
      matches: ['r?'],
    });
    expect(ingress(owned('222222222222', 'deleted'), '10.0.0.99').verdict).toBe('deny');
  });

  test('C59: a prefix list without entries may match its family, unless a certain rule does', () => {
    const inv = world([['r', 'in', 'tcp 443', 'pl-1']], { prefixLists: [prefixList('pl-1', null, 4)] });
    expect(ingress(inv, '198.51.100.1').verdict).toBe('unknown');
    expect(ingress(inv, '2001:db8::1').verdict).toBe('deny');
    expect(ingress(inv, '198.51.100.1', 6, 80).verdict).toBe('deny');
    expect(askRules(inv).warnings).toHaveLength(1);
    const both = world([
      ['r', 'in', 'tcp 443', 'pl-absent'],
      ['s', 'in', 'all', '198.51.100.0/24'],
    ]);
    expect(ingress(both, '2001:db8::1').verdict).toBe('unknown');
    expect(ingress(both, '198.51.100.1')).toEqual({ verdict: 'allow', rule: 's', matches: ['s', 'r?'] });
  });

  test('an empty prefix list matches nothing, for certain', () => {
    const inv = world([['r', 'in', 'tcp 443', 'pl-1']], { prefixLists: [prefixList('pl-1', [], 4)] });
    expect(ingress(inv, '198.51.100.1').verdict).toBe('deny');
  });

  test('an attached group that is not described leaves only what another allows', () => {
    const inv = world([['r', 'in', 'tcp 443', '10.0.0.0/8']], {
      networkInterfaces: [eni('eni-x', ['10.0.0.10'], ['sg-x', 'sg-hidden'])],
    });
    expect(ingress(inv, '10.1.1.1')).toEqual({ verdict: 'allow', rule: 'r', matches: ['r'] });
    expect(ingress(inv, '192.0.2.1').verdict).toBe('unknown');
    expect(askRules(inv).warnings.join()).toContain('sg-hidden is attached to eni-x but not described');
    const none = world([], { securityGroups: [], described: new Set(['NetworkInterfaces']) });
    expect(ingress(none, '10.1.1.1').verdict).toBe('unknown');
    expect(askRules(none).warnings).toEqual([]);
  });

  test('an interface whose groups are not said may be a member of any group', () => {
    const inv = world([['r', 'in', 'all', 'sg-x']], {
      networkInterfaces: [eni('eni-x', ['10.0.0.10'], ['sg-x']), eni('eni-y', ['10.0.0.11'], null)],
    });
    expect(ingress(inv, '10.0.0.10').verdict).toBe('allow');
    expect(ingress(inv, '10.0.0.11').verdict).toBe('unknown');
    expect(ingress(inv, '10.0.0.12').verdict).toBe('deny');
  });

  test('no groups is no layer; groups not said are unknown', () => {
    const inv = world([], { networkInterfaces: [eni('eni-w', ['10.0.0.1'], []), eni('eni-y', ['10.0.0.2'], null)] });
    const { view } = askRules(inv);
    expect(view.eniSets[EniSet.sgIngress]).toBe(NO_SET);
    expect(view.eniSets[SETS_STRIDE + EniSet.sgIngress]).toBe(UNKNOWN_SET);
  });
});

describe('group membership', () => {
  test('every private address of a member counts; its public ones do not', () => {
    const members = eni(
      'eni-y',
      ['10.0.0.20', '10.0.0.21', '2001:db8:a::21', '10.0.0.32/28', '2001:db8:a:0:1::/80'],
      ['sg-y'],
      {
        publicAddresses: [address('198.51.100.7')],
      },
    );
    const inv = world([['r', 'in', 'all', 'sg-y']], {
      networkInterfaces: [eni('eni-x', ['10.0.0.10'], ['sg-x']), members],
      securityGroups: [securityGroup('sg-x', [['r', 'in', 'all', 'sg-y']]), securityGroup('sg-y', [])],
    });
    for (const inside of [
      '10.0.0.20',
      '10.0.0.21',
      '10.0.0.32',
      '10.0.0.47',
      '2001:db8:a::21',
      '2001:db8:a:0:1:ffff:ffff:ffff',
    ]) {
      expect(ingress(inv, inside).verdict, inside).toBe('allow');
    }
    for (const outside of ['10.0.0.19', '10.0.0.22', '10.0.0.31', '10.0.0.48', '2001:db8:a:0:2::', '198.51.100.7']) {
      expect(ingress(inv, outside).verdict, outside).toBe('deny');
    }
  });

  test('a member in another VPC is not meant where its address is one of the viewer’s own VPC', () => {
    const inv = world([], {
      vpcs: [VPC_A, vpc('vpc-b', ['10.0.0.0/16', '10.7.0.0/16'])],
      networkInterfaces: [
        eni('eni-x', ['10.0.0.10'], ['sg-x']),
        eni('eni-y', ['10.0.0.50', '10.7.0.50'], ['sg-y'], { vpcId: 'vpc-b' }),
      ],
      securityGroups: [
        securityGroup('sg-x', [['r', 'in', 'all', 'sg-y']]),
        securityGroup('sg-y', [], { vpcId: 'vpc-b' }),
      ],
    });
    expect(ingress(inv, '10.0.0.50').verdict).toBe('deny');
    expect(ingress(inv, '10.7.0.50').verdict).toBe('allow');
  });

  test('a rule that can match nothing is kept in the catalog and never matches', () => {
    const group = securityGroup('sg-x', [['r', 'in', 'all', '0.0.0.0/0']]);
    const inv = world([], {
      securityGroups: [
        { ...group, rules: group.rules.map((r) => ({ ...r, selector: { ...r.selector, valid: false } })) },
      ],
    });
    expect(ingress(inv, '10.0.0.99').verdict).toBe('deny');
    expect(askRules(inv).catalog.rules.map((rule) => rule.id)).toEqual(['r']);
  });
});

describe('network ACL in force', () => {
  const at = (subnetId: string | null): Partial<Inventory> => ({
    subnets: [subnet('s-1', 'vpc-a', 'use1-az1', ['10.0.0.0/24'])],
    networkInterfaces: [eni('eni-x', ['10.0.0.10'], ['sg-x'], { subnetId })],
  });
  const naclOf = (inv: Inventory, peer: string): string => {
    const { verdict, rule } = askRules(inv).judge(0, EniSet.naclIngress, address(peer), 6, 443);
    return `${verdict} ${rule}`;
  };

  test('explicit association, else the default of the VPC, else unknown', () => {
    const acls = [
      networkAcl('acl-1', ['s-1'], [[100, 'in', 'allow', 'all', '0.0.0.0/0']]),
      networkAcl('acl-2', [], [[100, 'in', 'deny', 'all', '0.0.0.0/0']], { isDefault: true }),
    ];
    expect(naclOf(world([], { ...at('s-1'), networkAcls: acls }), '192.0.2.1')).toBe('allow acl-1/ingress/100');
    expect(naclOf(world([], { ...at('s-1'), networkAcls: acls.slice(1) }), '192.0.2.1')).toBe('deny acl-2/ingress/100');
    expect(naclOf(world([], { ...at('s-1'), networkAcls: [] }), '192.0.2.1')).toBe('unknown null');
    expect(naclOf(world([], { ...at(null), networkAcls: acls }), '192.0.2.1')).toBe('unknown null');
  });

  test('the last entry denies even when the document leaves it out; both families are one rule', () => {
    const inv = world([], { ...at('s-1'), networkAcls: [networkAcl('acl-1', ['s-1'], [])] });
    expect(naclOf(inv, '192.0.2.1')).toBe('deny acl-1/ingress/*');
    expect(naclOf(inv, '2001:db8::1')).toBe('deny acl-1/ingress/*');
    expect(askRules(inv).catalog.rules.map((rule) => rule.id)).toEqual(['acl-1/egress/*', 'acl-1/ingress/*']);
  });

  test('an ICMP type before a certain entry leaves the answer open only when the actions differ', () => {
    const acl = (action: 'allow' | 'deny'): Inventory =>
      world([], {
        ...at('s-1'),
        networkAcls: [
          networkAcl(
            'acl-1',
            ['s-1'],
            [
              [90, 'in', action, 'icmp 8', '0.0.0.0/0'],
              [100, 'in', 'allow', 'all', '0.0.0.0/0'],
            ],
          ),
        ],
      });
    const icmp = (inv: Inventory): unknown => askRules(inv).judge(0, EniSet.naclIngress, address('192.0.2.1'), 1, 0);
    const [n90, n100, last] = ['acl-1/ingress/90?', 'acl-1/ingress/100', 'acl-1/ingress/*'];
    expect(icmp(acl('deny'))).toEqual({ verdict: 'unknown', rule: null, matches: [n90, n100, last] });
    expect(icmp(acl('allow'))).toEqual({ verdict: 'allow', rule: n100, matches: [n100, n90, last] });
  });

  test('two network ACLs that claim one subnet: unknown, and said', () => {
    const acls = [networkAcl('acl-1', ['s-1'], []), networkAcl('acl-2', ['s-1'], [])];
    const inv = world([], { ...at('s-1'), networkAcls: acls });
    expect(naclOf(inv, '192.0.2.1')).toBe('unknown null');
    expect(askRules(inv).warnings).toEqual(['network ACL acl-2 and acl-1 both claim subnet s-1: unknown']);
  });
});

describe('routes', () => {
  const routed = (rows: Parameters<typeof routeTable>[2], more: Partial<Inventory> = {}): Inventory =>
    world([], {
      subnets: [subnet('s-1', 'vpc-a', 'use1-az1', ['10.0.0.0/24'])],
      networkInterfaces: [eni('eni-x', ['10.0.0.10'], ['sg-x'], { subnetId: 's-1' })],
      routeTables: [routeTable('rtb-1', ['s-1'], rows)],
      ...more,
    });

  test('a prefix list without entries: unknown wherever it could win', () => {
    const inv = routed(
      [
        ['10.0.0.0/16', 'local', null],
        ['0.0.0.0/0', 'nat', 'nat-1'],
        ['192.0.2.1/32', 'eni', 'e'],
        ['pl-1', 'vpce', 'v'],
      ],
      {
        prefixLists: [prefixList('pl-1', null, 4)],
      },
    );
    const asked = askRules(inv);
    expect(asked.route(0, address('10.0.3.5'))).toBe('local local 10.0.0.0/16');
    expect(asked.route(0, address('8.8.8.8'))).toBe('unknown');
    expect(asked.route(0, address('192.0.2.1'))).toBe('eni e 192.0.2.1/32');
    expect(asked.route(0, address('2001:db8::1'))).toBe('none');
  });

  test('two prefix lists with the same entry and different targets are ambiguous', () => {
    const lists = [prefixList('pl-1', ['192.0.2.0/24', '198.51.100.0/24']), prefixList('pl-2', ['192.0.2.0/24'])];
    const inv = routed(
      [
        ['pl-1', 'nat', 'nat-1'],
        ['pl-2', 'tgw', 'tgw-1'],
      ],
      { prefixLists: lists },
    );
    expect(askRules(inv).route(0, address('192.0.2.9'))).toBe('unknown');
    expect(askRules(inv).route(0, address('198.51.100.9'))).toBe('nat nat-1 198.51.100.0/24');
    const same = routed(
      [
        ['pl-1', 'nat', 'nat-1'],
        ['pl-2', 'nat', 'nat-1'],
      ],
      { prefixLists: lists },
    );
    expect(askRules(same).route(0, address('192.0.2.9'))).toBe('nat nat-1 192.0.2.0/24');
  });

  test('middlebox: an interface, a GWLB endpoint, or an endpoint reached by CIDR; not a gateway endpoint', () => {
    const isMiddlebox = (inv: Inventory): boolean => askRules(inv).view.hasMiddleboxRoutes;
    const endpoint = (type: string): Partial<Inventory> => ({
      vpcEndpoints: [{ id: 'vpce-1', state: null, vpcId: 'vpc-a', type, serviceName: null }],
      prefixLists: [prefixList('pl-1', ['192.0.2.0/24'])],
    });
    expect(isMiddlebox(routed([['0.0.0.0/0', 'eni', 'eni-fw']]))).toBe(true);
    expect(isMiddlebox(routed([['0.0.0.0/0', 'vpce', 'vpce-1']], endpoint('GatewayLoadBalancer')))).toBe(true);
    expect(isMiddlebox(routed([['0.0.0.0/0', 'vpce', 'vpce-1']]))).toBe(true);
    expect(isMiddlebox(routed([['pl-1', 'vpce', 'vpce-1']], endpoint('Gateway')))).toBe(false);
    expect(isMiddlebox(routed([['0.0.0.0/0', 'nat', 'nat-1']]))).toBe(false);
  });

  test('without association the main table, without that unknown', () => {
    const main = routed([], {
      routeTables: [routeTable('rtb-m', [], [['0.0.0.0/0', 'igw', 'igw-1']], { main: true })],
    });
    expect(askRules(main).route(0, address('8.8.8.8'))).toBe('igw igw-1 0.0.0.0/0');
    const other = routed([], { routeTables: [routeTable('rtb-m', [], [], { main: true, vpcId: 'vpc-z' })] });
    expect(askRules(other).route(0, address('8.8.8.8'))).toBe('unknown');
  });
});
