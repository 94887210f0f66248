import { beforeAll, describe, expect, test } from 'vitest';
import { type CompiledVersion, compileInventory } from '../../../src/engine/versions.ts';
import { loadInventory } from '../../../src/inventory/load.ts';
import { inventoryFolder } from '../../conformance/case.ts';
import { ask, compiled, eni, network, routeTable, shortSteps } from './asked.ts';

let version: CompiledVersion;

beforeAll(async () => {
  const loaded = compileInventory(await loadInventory(inventoryFolder('transit')));
  version = loaded.versions[0] as CompiledVersion;
});

/** Transit Gateway guide: "Network ACLs for transit gateways", "Amazon VPC attachments"; routes of its tables. */
describe('transit gateway', () => {
  test('of the attachment’s subnets only the side toward the gateway is judged in, the side from it out', () => {
    const asked = ask(version, '10.0.1.10', '10.8.1.10', 443);
    expect(asked).toMatchObject({ verdict: 'allow', outcome: 'delivered', way_back: { outcome: 'delivered' } });
    expect(shortSteps(asked)).toEqual([
      'eni-a1 egress sg allow',
      'eni-a1 egress nacl allow',
      'eni-a1 route tgw tgw-1',
      'eni-tgw-a ingress nacl allow',
      'tgw-1 route tgw tgw-attach-c',
      'eni-tgw-c egress nacl allow',
      'eni-tgw-c route local local',
      'eni-c1 ingress nacl allow',
      'eni-c1 ingress sg allow',
    ]);
    // acl-tgw-a denies port 22 outbound, acl-tgw-c port 25 inbound: neither is asked on this way
    expect(shortSteps(asked.way_back)).toEqual([
      'eni-c1 ingress sg allow',
      'eni-c1 egress nacl allow',
      'eni-c1 route tgw tgw-1',
      'eni-tgw-c ingress nacl allow',
      'tgw-1 route tgw tgw-attach-a',
      'eni-tgw-a egress nacl allow',
      'eni-a1 ingress nacl allow',
      'eni-a1 egress sg allow',
    ]);
    expect(ask(version, '10.0.1.10', '10.8.1.10', 22)).toMatchObject({
      verdict: 'allow',
      outcome: 'denied',
      reason: 'on the way at eni-tgw-c: acl-tgw-c/egress/100',
    });
  });

  test('a reply through a transit gateway whose table is not described is not known to come back', () => {
    const { gateways } = version.inventory;
    const tables = gateways.transitGatewayRouteTables.map((table) =>
      gateways.transitGatewayAttachments.find(({ id }) => id === 'tgw-attach-c')?.routeTableId === table.id
        ? { ...table, routes: null }
        : table,
    );
    const inventory = { ...version.inventory, gateways: { ...gateways, transitGatewayRouteTables: tables } };
    const asked = ask({ ...version, inventory }, '10.0.1.10', '10.8.1.10', 443);
    expect(asked).toMatchObject({ verdict: 'allow', outcome: 'delivered', reply: { verdict: 'allow' } });
    expect(asked.way_back.outcome).toBe('unknown');
    expect(asked.way_back.reason).toMatch(/^at tgw-1: route-table-not-described: the routes of /);
  });

  test('C48: an attachment carries only what comes from a zone it stands in', () => {
    expect(ask(version, '10.0.2.10', '10.8.1.10', 443)).toMatchObject({
      verdict: 'allow',
      outcome: 'unreachable',
      reason: 'tgw-attach-a of tgw-1 has no subnet in zone use1-az2',
    });
  });

  test('each attachment is looked up in its own table; blackholes win; a VPN leaves the network', () => {
    expect(ask(version, '10.8.1.10', '10.9.1.10', 22).steps.find((s) => s.at === 'tgw-1')?.kind).toBe('none');
    expect(ask(version, '10.0.1.10', '10.7.1.1', 443).outcome).toBe('blackhole');
    expect(ask(version, '10.0.1.10', '192.168.3.3', 443).outcome).toBe('left-network');
  });

  test('C70: out of an attachment in the workload’s own subnet no network ACL is evaluated, into it both are', () => {
    const inward = ask(version, '10.0.1.10', '10.9.1.10', 443);
    expect(inward).toMatchObject({ verdict: 'allow', outcome: 'delivered' });
    expect(shortSteps(inward)).toContain('eni-b1 ingress nacl none');
    expect(shortSteps(inward.way_back)).toContain('eni-b1 egress nacl allow');
    const outward = ask(version, '10.9.1.10', '10.0.1.10', 443);
    expect(shortSteps(outward)).toContain('eni-tgw-b ingress nacl allow');
    expect(shortSteps(outward.way_back).filter((step) => step.endsWith('nacl none'))).toEqual([
      'eni-tgw-b egress nacl none',
      'eni-b1 ingress nacl none',
    ]);
  });
});

/** VPC Peering Guide: "VPC peering limitations". */
describe('peering', () => {
  const peered = (status: string, routeBack: readonly object[]): CompiledVersion =>
    compiled(
      network({
        Vpcs: [
          { VpcId: 'vpc-a', CidrBlock: '10.0.0.0/16' },
          { VpcId: 'vpc-b', CidrBlock: '10.1.0.0/16' },
        ],
        Subnets: [
          { SubnetId: 'subnet-pub', VpcId: 'vpc-a', CidrBlock: '10.0.0.0/24' },
          { SubnetId: 'subnet-b', VpcId: 'vpc-b', CidrBlock: '10.1.0.0/24' },
        ],
        NetworkInterfaces: [
          eni('eni-a', 'subnet-pub', '10.0.0.10'),
          eni('eni-b', 'subnet-b', '10.1.0.10', { more: { VpcId: 'vpc-b' } }),
        ],
        NetworkAcls: undefined,
        RouteTables: [
          routeTable(
            'rtb-a',
            ['subnet-pub'],
            [{ DestinationCidrBlock: '10.0.0.0/8', VpcPeeringConnectionId: 'pcx-1' }],
          ),
          {
            RouteTableId: 'rtb-b',
            VpcId: 'vpc-b',
            Associations: [{ SubnetId: 'subnet-b' }],
            Routes: [{ DestinationCidrBlock: '10.1.0.0/16', GatewayId: 'local', State: 'active' }, ...routeBack],
          },
        ],
        VpcPeeringConnections: [
          {
            VpcPeeringConnectionId: 'pcx-1',
            Status: { Code: status },
            RequesterVpcInfo: { VpcId: 'vpc-a', CidrBlock: '10.0.0.0/16' },
            AccepterVpcInfo: { VpcId: 'vpc-b', CidrBlock: '10.1.0.0/16' },
          },
        ],
      }),
    );
  const back = [{ DestinationCidrBlock: '10.0.0.0/16', VpcPeeringConnectionId: 'pcx-1', State: 'active' }];

  test('reaches the peer VPC and nothing beyond it', () => {
    const both = peered('active', back);
    expect(ask(both, 'eni-a', 'eni-b', 443)).toMatchObject({
      outcome: 'delivered',
      way_back: { outcome: 'delivered' },
    });
    expect(ask(both, 'eni-a', '10.2.0.1', 443).reason).toContain('pcx-1 reaches the peer VPC only');
    expect(ask(peered('deleted', back), 'eni-a', 'eni-b', 443)).toMatchObject({
      outcome: 'unreachable',
      reason: 'pcx-1 is deleted',
    });
  });

  test('the reply needs a route of its own, by the same connection', () => {
    expect(ask(peered('active', []), 'eni-a', 'eni-b', 443)).toMatchObject({
      outcome: 'delivered',
      way_back: { outcome: 'no-route' },
    });
    const other = [{ DestinationCidrBlock: '10.0.0.0/16', TransitGatewayId: 'tgw-9', State: 'active' }];
    expect(ask(peered('active', other), 'eni-a', 'eni-b', 443).way_back).toMatchObject({
      outcome: 'unknown',
      reason: 'the reply to 10.0.0.10 leaves by tgw-9, not by pcx-1',
    });
  });
});
