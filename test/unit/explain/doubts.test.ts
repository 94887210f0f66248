import { describe, expect, test } from 'vitest';
import { compileInventory } from '../../../src/engine/versions.ts';
import { findEndpoint } from '../../../src/explain/endpoint.ts';
import { inventoryFromDocuments } from '../../../src/inventory/load.ts';
import { acl, allow, ask, compiled, eni, entry, group, network, routeTable } from './asked.ts';

const doubtsOf = (asked: ReturnType<typeof ask>): string[] => asked.steps.flatMap((step) => step.unknown ?? []);

describe('what was not known is said', () => {
  test('C59: a prefix list without entries, in a rule and in a route', () => {
    const list = { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, PrefixListIds: [{ PrefixListId: 'pl-x' }] };
    const routes = [{ DestinationPrefixListId: 'pl-x', GatewayId: 'vpce-1' }];
    const version = compiled(
      network({
        SecurityGroups: [group('sg-open', [], [list])],
        RouteTables: [routeTable('rtb-pub', ['subnet-pub'], routes)],
      }),
    );
    const asked = ask(version, 'eni-web', '8.8.8.8', 443);
    expect(asked).toMatchObject({ verdict: 'unknown', decided_by: null, outcome: 'unknown' });
    expect(doubtsOf(asked)).toEqual([
      'prefix-list-unresolved: pl-x of sg-open/egress/tcp/443/pl-x',
      'prefix-list-unresolved: pl-x of rtb-pub',
    ]);
  });

  test('ports from > to, in a rule and in an entry, where no other decides', () => {
    const turned = { IpProtocol: 'tcp', FromPort: 500, ToPort: 400, IpRanges: [{ CidrIp: '0.0.0.0/0' }] };
    const barred = { ...entry(90, false, 'deny'), Protocol: '6', PortRange: { From: 500, To: 400 } };
    const entries = [barred, entry(100, false), entry(100, true)];
    const version = compiled(
      network({
        SecurityGroups: [group('sg-open', [turned], [allow('0.0.0.0/0')])],
        NetworkAcls: [acl('acl-main', [], entries, true)],
      }),
    );
    const asked = ask(version, 'eni-web', 'eni-app', 443);
    expect(asked).toMatchObject({ verdict: 'unknown', decided_by: null });
    expect(doubtsOf(asked)).toEqual([
      'port-range-turned: acl-main/ingress/90 names ports 500 to 400',
      'port-range-turned: sg-open/ingress/tcp/500-400/0.0.0.0/0 names ports 500 to 400',
    ]);
    expect(ask(version, 'eni-web', 'eni-app', 399)).toMatchObject({ verdict: 'deny', decided_by: 'implicit-deny' });
  });

  test('an attached group without a description, groups not said, no network ACL, no route table', () => {
    const enis = [
      eni('eni-web', 'subnet-pub', '10.0.0.10', { groups: ['sg-gone'] }),
      eni('eni-app', 'subnet-priv', '10.0.1.10', { more: { Groups: null } }),
    ];
    const version = compiled(network({ NetworkInterfaces: enis, NetworkAcls: [], RouteTables: [] }));
    expect(doubtsOf(ask(version, 'eni-web', 'eni-app', 443))).toEqual([
      'group-not-described: sg-gone',
      'network-acl-not-described: of subnet subnet-pub',
      'route-table-not-described: of this subnet',
      'network-acl-not-described: of subnet subnet-priv',
      'interface-groups-unknown: the groups of eni-app are not said',
    ]);
  });

  test('two network ACLs of one subnet, two interfaces with one address', () => {
    const entries = [entry(100, false), entry(100, true)];
    const twice = [acl('acl-1', ['subnet-priv'], entries), acl('acl-2', ['subnet-priv'], entries)];
    const claimed = compiled(network({ NetworkAcls: [...twice, acl('acl-main', [], entries, true)] }));
    expect(doubtsOf(ask(claimed, 'eni-web', 'eni-app', 443))).toEqual([
      'network-acl-ambiguous: acl-1 and acl-2 both claim it',
    ]);
    const enis = [
      eni('eni-web', 'subnet-pub', '10.0.0.10'),
      eni('eni-1', 'subnet-priv', '10.0.1.10'),
      eni('eni-2', 'subnet-priv', '10.0.1.10'),
    ];
    expect(ask(compiled(network({ NetworkInterfaces: enis })), 'eni-web', '10.0.1.10', 443)).toMatchObject({
      outcome: 'unknown',
      reason: 'several interfaces hold the destination: eni-1, eni-2',
    });
  });

  test('an address that two VPCs hold is that of the other end’s', () => {
    const elsewhere = { SubnetId: 'subnet-b', VpcId: 'vpc-b', CidrBlock: '10.0.1.0/24', AvailabilityZoneId: 'az1' };
    const documents = network();
    const enis = [
      ...(documents.NetworkInterfaces as object[]),
      eni('eni-other', 'subnet-b', '10.0.1.10', { more: { VpcId: 'vpc-b' } }),
      eni('eni-alone', 'subnet-b', '10.0.1.77', { more: { VpcId: 'vpc-b' } }),
    ];
    const Vpcs = [...(documents.Vpcs as object[]), { VpcId: 'vpc-b', CidrBlock: '10.0.0.0/16' }];
    const Subnets = [...(documents.Subnets as object[]), elsewhere];
    const { inventory } = compiled({ ...documents, NetworkInterfaces: enis, Vpcs, Subnets });
    const idOf = (text: string, vpcId: string | null): string | undefined =>
      inventory.networkInterfaces[findEndpoint(inventory, text, null, vpcId)?.eni ?? -1]?.id;
    expect(idOf('10.0.1.10', null)).toBe(undefined);
    expect(idOf('10.0.1.10', 'vpc-a')).toBe('eni-app');
    expect(idOf('10.0.1.10', 'vpc-b')).toBe('eni-other');
    expect(idOf('10.0.1.77', null)).toBe('eni-alone');
    // an address of the VPC's own block is not another VPC's
    expect(idOf('10.0.1.77', 'vpc-a')).toBe(undefined);
  });
});

describe('appliances', () => {
  const through = (check: boolean): ReturnType<typeof ask> => {
    const enis = [
      eni('eni-web', 'subnet-pub', '10.0.0.10'),
      eni('eni-app', 'subnet-priv', '10.0.1.10'),
      eni('eni-fw', 'subnet-pub', '10.0.0.99', { more: { SourceDestCheck: check } }),
    ];
    const routes = [{ DestinationCidrBlock: '10.0.1.0/24', NetworkInterfaceId: 'eni-fw' }];
    const tables = [routeTable('rtb-pub', ['subnet-pub'], routes), routeTable('rtb-priv', ['subnet-priv'], [])];
    return ask(compiled(network({ NetworkInterfaces: enis, RouteTables: tables })), 'eni-web', 'eni-app', 443);
  };

  test('what it forwards is not known; one that checks source and destination forwards nothing', () => {
    expect(through(true)).toMatchObject({ verdict: 'allow', outcome: 'unreachable' });
    // its own subnet's table leads back to it
    expect(through(false)).toMatchObject({
      verdict: 'allow',
      outcome: 'unreachable',
      reason: 'the routes lead in a circle',
    });
  });
});

/** The network and one more file that tells something else about one of its objects. */
function withSecond(second: Readonly<Record<string, unknown>>): {
  readonly asked: ReturnType<typeof ask>;
  readonly warnings: readonly string[];
} {
  const files = [network(), second].map((content, i) => ({ file: `${i}.json`, content }));
  const { versions, warnings } = compileInventory(inventoryFromDocuments(files));
  const [version] = versions;
  if (version === undefined) throw new Error('no version');
  const told = warnings.map(({ file, path, message }) => `${file} ${path}: ${message}`);
  return { asked: ask(version, 'eni-app', '8.8.8.8', 443), warnings: told };
}

describe('two documents that disagree: one warning, what they disagree about is unknown', () => {
  const differ = 'is described twice and differently: what they disagree about is unknown';

  test.each([
    ['SecurityGroups', 'security group sg-open', group('sg-open', [], []), 'sg'],
    [
      'NetworkAcls',
      'network ACL acl-main',
      acl('acl-main', [], [entry(50, true, 'deny'), entry(100, true)], true),
      'nacl',
    ],
    ['RouteTables', 'route table rtb-priv', routeTable('rtb-priv', ['subnet-priv'], []), 'route'],
    [
      'NetworkInterfaces',
      'network interface eni-app',
      eni('eni-app', 'subnet-priv', '10.0.1.10', { groups: [] }),
      'sg',
    ],
  ])('%s', (key, what, second, layer) => {
    const { asked, warnings } = withSecond({ [key]: [second] });
    expect(warnings).toEqual([`1.json ${key}[0]: ${what} ${differ}`]);
    const doubtful = asked.steps.filter(({ verdict, kind }) => verdict === 'unknown' || kind === 'unknown');
    expect(new Set(doubtful.map((step) => step.layer))).toEqual(new Set([layer]));
    expect(asked.outcome).toBe('unknown');
    expect(asked.verdict).toBe(layer === 'route' ? 'allow' : 'unknown');
  });

  test('the same rules in another order agree', () => {
    const rules = [allow('10.0.0.0/8', 80), allow('10.0.0.0/8', 443)];
    const documents = [rules, [...rules].reverse()].map((ingress, i) => {
      return { file: `${i}.json`, content: { SecurityGroups: [group('sg-1', ingress, [])] } };
    });
    const { versions } = compileInventory(inventoryFromDocuments(documents));
    expect(versions[0]?.inventory.securityGroups[0]).toMatchObject({ rules: [{}, {}] });
    expect(versions[0]?.inventory.securityGroups[0]).not.toHaveProperty('disputed');
  });
});

describe('inside one subnet no route table is asked', () => {
  const replaced = { RouteTableId: 'rtb-main', VpcId: 'vpc-a', Associations: [{ Main: true }] };
  const toAppliance = { DestinationCidrBlock: '10.0.0.0/16', NetworkInterfaceId: 'eni-app', State: 'active' };
  test.each([
    ['its local route leads to an interface', [{ ...replaced, Routes: [toAppliance] }]],
    ['no route table is described', []],
  ])('%s', (_, RouteTables) => {
    const version = compiled(network({ RouteTables }));
    const asked = ask(version, 'eni-web', 'eni-bare', 443);
    expect(asked).toMatchObject({ verdict: 'allow', outcome: 'delivered' });
    expect(asked.steps.filter(({ layer }) => layer === 'route')).toEqual([
      {
        ...{ layer: 'route', at: 'eni-web', direction: 'egress', verdict: null, rule: null, matched: [] },
        ...{ kind: 'local', target: 'local', prefix: null },
      },
    ]);
  });
});

describe('routes to what no document describes', () => {
  const route = { DestinationCidrBlock: '8.0.0.0/8' };
  test.each([
    ['nat-gone', { NatGatewayId: 'nat-gone' }],
    ['igw-gone', { GatewayId: 'igw-gone' }],
    ['eni-gone', { NetworkInterfaceId: 'eni-gone' }],
  ])('%s: one warning, outcome unknown', (target, more) => {
    const tables = [routeTable('rtb-priv', ['subnet-priv'], [{ ...route, ...more }])];
    const content = network({ RouteTables: tables });
    const { versions, warnings } = compileInventory(inventoryFromDocuments([{ file: 'a.json', content }]));
    expect(warnings).toEqual([
      {
        file: 'a.json',
        path: 'RouteTables[0].Routes[1]',
        message: `rtb-priv sends 8.0.0.0/8 to ${target}, which is not described`,
      },
    ]);
    const [version] = versions;
    if (version === undefined) throw new Error('no version');
    expect(ask(version, 'eni-app', '8.8.8.8', 443)).toMatchObject({ verdict: 'allow', outcome: 'unknown' });
  });

  test('a prefix list without entries', () => {
    const tables = [
      routeTable('rtb-priv', ['subnet-priv'], [{ DestinationPrefixListId: 'pl-x', NatGatewayId: 'nat-1' }]),
    ];
    const content = network({ RouteTables: tables });
    const { warnings } = compileInventory(inventoryFromDocuments([{ file: 'a.json', content }]));
    expect(warnings.map((w) => `${w.path}: ${w.message}`)).toEqual([
      'RouteTables[0].Routes[1]: rtb-priv: the entries of prefix list pl-x are not in the inventory',
    ]);
  });
});
