import { describe, expect, test } from 'vitest';
import { ask, compiled, eni, group, network, routeTable } from './asked.ts';

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
