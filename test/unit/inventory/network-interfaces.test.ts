import { describe, expect, it } from 'vitest';
import type { NetworkInterface } from '../../../src/inventory/inventory.ts';
import { formatAddress, formatCidr } from '../../../src/model/ip.ts';
import { load, only } from './loading.ts';

const eniWith = (more: object, ...documents: readonly unknown[]): NetworkInterface => {
  const loaded = load({ NetworkInterfaces: [{ NetworkInterfaceId: 'eni-1', VpcId: 'vpc-a', ...more }] }, ...documents);
  const eni = only(loaded).networkInterfaces.find(({ id }) => id === 'eni-1');
  if (eni === undefined) throw new Error('no eni-1');
  return eni;
};

describe('network interfaces', () => {
  it('hold primary, secondary, delegated and public addresses', () => {
    const eni = eniWith({
      PrivateIpAddress: '10.0.1.10',
      PrivateIpAddresses: [
        { PrivateIpAddress: '10.0.1.11', Association: { PublicIp: '198.51.100.1' } },
        { Primary: true, PrivateIpAddress: '10.0.1.10', Association: { PublicIp: '198.51.100.2' } },
      ],
      Association: { PublicIp: '198.51.100.2' },
      Ipv6Addresses: [{ Ipv6Address: '2001:db8::1' }],
      Ipv4Prefixes: [{ Ipv4Prefix: '10.0.1.16/28' }],
      Ipv6Prefixes: [{ Ipv6Prefix: '2001:db8:1::/80' }],
      Groups: [],
    });
    expect(eni.primary && formatAddress(eni.primary)).toBe('10.0.1.10');
    expect(eni.secondary.map(formatAddress)).toEqual(['10.0.1.11', '2001:db8::1']);
    expect(eni.prefixes.map(formatCidr)).toEqual(['10.0.1.16/28', '2001:db8:1::/80']);
    expect(eni.publicAddresses.map(formatAddress)).toEqual(['198.51.100.2', '198.51.100.1']);
    expect(eni.groups).toEqual([]);
  });

  it('without Groups have no known groups; a lone IPv6 address is primary', () => {
    const eni = eniWith({ Ipv6Addresses: [{ Ipv6Address: '2001:db8::1' }], PrivateIpAddress: 'null', Groups: null });
    expect(eni.groups).toBeNull();
    expect(eni.primary && formatAddress(eni.primary)).toBe('2001:db8::1');
    expect(eni.secondary).toEqual([]);
  });

  it('get their Elastic addresses from Addresses, their zone from the subnet', () => {
    const eni = eniWith(
      { SubnetId: 'subnet-1', AvailabilityZone: 'us-east-1a' },
      { Addresses: [{ PublicIp: '198.51.100.9', NetworkInterfaceId: 'eni-1' }, { PublicIp: '198.51.100.8' }] },
      {
        Subnets: [
          { SubnetId: 'subnet-1', VpcId: 'vpc-a', AvailabilityZone: 'us-east-1a', AvailabilityZoneId: 'use1-az1' },
        ],
      },
    );
    expect(eni.publicAddresses.map(formatAddress)).toEqual(['198.51.100.9']);
    expect(eni.zone).toBe('use1-az1');
  });

  it.each([
    [{ InterfaceType: 'trunk' }, 'node-trunk', null],
    [{ Description: 'aws-k8s-branch-eni' }, 'pod-branch', null],
    [{ Description: 'aws-K8S-i-0a' }, 'node-secondary', 'i-0a'],
    [{ Description: 'Amazon EKS shop', RequesterManaged: true }, 'eks-control-plane', 'shop'],
    [{ Description: 'ELB app/web/0a' }, 'load-balancer', 'app/web/0a'],
    [{ Description: 'ELB old', Attachment: { InstanceOwnerId: 'amazon-elb' } }, 'load-balancer', 'old'],
    [{ InterfaceType: 'network_load_balancer' }, 'load-balancer', null],
    [{ InterfaceType: 'natGateway' }, 'nat-gateway', null],
    [{ InterfaceType: 'nat_gateway', Description: 'Interface for NAT Gateway nat-0a' }, 'nat-gateway', 'nat-0a'],
    [{ Description: 'VPC Endpoint Interface: vpce-0a' }, 'vpc-endpoint', 'vpce-0a'],
    [{ InterfaceType: 'transit_gateway' }, 'transit-gateway', null],
    [{ Description: 'RDSNetworkInterface', RequesterManaged: true }, 'aws-managed', null],
    [{ RequesterManaged: true, InterfaceType: 'brand_new' }, 'aws-managed', null],
    [{ Attachment: { InstanceId: 'i-1', DeviceIndex: 0 } }, 'instance', null],
    [
      {
        Attachment: { InstanceId: 'i-1', DeviceIndex: 0 },
        TagSet: [{ Key: 'kubernetes.io/cluster/x', Value: 'owned' }],
      },
      'node-primary',
      null,
    ],
    [
      {
        Attachment: { InstanceId: 'i-1', DeviceIndex: 2 },
        TagSet: [{ Key: 'kubernetes.io/cluster/x', Value: 'owned' }],
      },
      'node-secondary',
      null,
    ],
    [{}, 'other', null],
  ])('%j is %s', (more, kind, name) => {
    const eni = eniWith(more);
    expect([eni.kind, eni.kindName]).toEqual([kind, name]);
  });

  it('are node interfaces when a Node or the tags of their instance say so', () => {
    const attached = { Attachment: { InstanceId: 'i-1', DeviceIndex: 0 } };
    const node = { kind: 'Node', metadata: { name: 'n1' }, spec: { providerID: 'aws:///us-east-1a/i-1' } };
    expect(eniWith(attached, node).kind).toBe('node-primary');
    const tagged = { Instances: [{ InstanceId: 'i-1', Tags: [{ Key: 'kubernetes.io/cluster/x', Value: 'owned' }] }] };
    expect(eniWith(attached, { Reservations: [tagged] }).kind).toBe('node-primary');
    // without Attachment: the instance lists the interface, or has its address
    const listing = {
      Instances: [
        { InstanceId: 'i-1', NetworkInterfaces: [{ NetworkInterfaceId: 'eni-1', Attachment: { DeviceIndex: 1 } }] },
      ],
    };
    expect(eniWith({}, listing, node)).toMatchObject({ kind: 'node-secondary', instanceId: 'i-1', deviceIndex: 1 });
    const address = { Instances: [{ InstanceId: 'i-1', VpcId: 'vpc-a', PrivateIpAddress: '10.0.0.1' }] };
    expect(eniWith({ PrivateIpAddress: '10.0.0.1' }, address)).toMatchObject({ kind: 'instance', instanceId: 'i-1' });
  });

  it('of a branch belong to the instance of their trunk', () => {
    const TagSet = [{ Key: 'vpcresources.k8s.aws/trunk-eni-id', Value: 'eni-t' }];
    const trunk = {
      NetworkInterfaceId: 'eni-t',
      InterfaceType: 'trunk',
      Attachment: { InstanceId: 'i-7', DeviceIndex: 3 },
    };
    const eni = eniWith({ InterfaceType: 'branch', TagSet }, { NetworkInterfaces: [trunk] });
    expect([eni.kind, eni.instanceId]).toEqual(['pod-branch', 'i-7']);
  });
});
