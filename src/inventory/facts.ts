import type { Address } from '../model/ip.ts';
import { readAwsNode, readNodeClass } from './aws-node.ts';
import { type Frontend, readFrontend, readTargetBinding, type TargetBinding } from './balancer-owners.ts';
import type { Cursor } from './cursor.ts';
import { Sections, type SourceDocument } from './documents.ts';
import { type EndpointSlice, readEndpointSlice } from './endpoint-slices.ts';
import { type EniClass, readEniClass } from './eni-kind.ts';
import { readEventDocuments } from './event-documents.ts';
import { type GatewayFacts, mergeGateways, readGateways } from './gateway-facts.ts';
import { type Instance, readInstance } from './instances.ts';
import type {
  AwsNodeSettings,
  Described,
  NetworkAcl,
  PrefixList,
  RouteTable,
  SecurityGroup,
  ServiceAccount,
  Vpc,
  VpcEndpoint,
  VpcPeeringConnection,
} from './inventory.ts';
import { readIpamd } from './ipamd.ts';
import {
  type DescribedNode,
  type DescribedService,
  type OwnedObject,
  readNode,
  readOwnedObject,
  readService,
  readServiceAccount,
} from './kubernetes.ts';
import {
  type LoadBalancerPart,
  readClassicLoadBalancer,
  readListener,
  readLoadBalancer,
  readTagDescription,
} from './load-balancers.ts';
import { readMetrics } from './metric-samples.ts';
import { readNetworkAcl } from './network-acls.ts';
import { type DescribedInterface, type InterfaceOwner, readNetworkInterface } from './network-interfaces.ts';
import type { PodEvents } from './pod-events.ts';
import { readPodHistory } from './pod-history.ts';
import { type DescribedPod, readPod } from './pods.ts';
import { readRouteTable } from './route-tables.ts';
import { type ListedRule, readListedRule, readSecurityGroup } from './security-groups.ts';
import {
  type DescribedSubnet,
  readPrefixList,
  readPrefixListEntries,
  readSubnet,
  readVpc,
  readVpcEndpoint,
  readVpcPeeringConnection,
} from './vpcs.ts';
import type { Warn } from './warnings.ts';

/** What documents tell, each by itself, in document order; nothing is joined, doubles are kept. */
export interface Facts {
  readonly described: readonly Described[];
  readonly vpcs: readonly Vpc[];
  readonly subnets: readonly DescribedSubnet[];
  readonly networkInterfaces: readonly DescribedInterface[];
  readonly interfaceOwners: readonly InterfaceOwner[];
  readonly interfaceClasses: readonly EniClass[];
  readonly gateways: GatewayFacts;
  readonly elasticAddresses: readonly { readonly interfaceId: string; readonly address: Address }[];
  readonly instances: readonly Instance[];
  readonly securityGroups: readonly SecurityGroup[];
  readonly securityGroupRules: readonly ListedRule[];
  readonly networkAcls: readonly NetworkAcl[];
  readonly routeTables: readonly RouteTable[];
  readonly prefixLists: readonly PrefixList[];
  readonly vpcEndpoints: readonly VpcEndpoint[];
  readonly vpcPeeringConnections: readonly VpcPeeringConnection[];
  readonly loadBalancers: readonly LoadBalancerPart[];
  readonly nodes: readonly DescribedNode[];
  /** Pods of lists, tables, metrics and ipamd. */
  readonly pods: readonly DescribedPod[];
  readonly podEvents: readonly PodEvents[];
  readonly services: readonly DescribedService[];
  readonly endpointSlices: readonly EndpointSlice[];
  /** Services, Ingresses and Gateways as the status of each says where it is reached. */
  readonly frontends: readonly Frontend[];
  readonly targetBindings: readonly TargetBinding[];
  readonly owned: readonly OwnedObject[];
  readonly serviceAccounts: readonly ServiceAccount[];
  /** `namespace/name` of each. */
  readonly networkPolicies: readonly string[];
  readonly awsNodes: readonly AwsNodeSettings[];
}

/** Sections whose absence means "unknown", and what they are called. */
const DESCRIBED_BY: readonly (readonly [string, Described])[] = [
  ['Vpcs', 'Vpcs'],
  ['Subnets', 'Subnets'],
  ['NetworkInterfaces', 'NetworkInterfaces'],
  ['SecurityGroups', 'SecurityGroups'],
  ['SecurityGroupRules', 'SecurityGroups'],
  ['NetworkAcls', 'NetworkAcls'],
  ['RouteTables', 'RouteTables'],
  ['InternetGateways', 'InternetGateways'],
  ['NatGateways', 'NatGateways'],
  ['VpcEndpoints', 'VpcEndpoints'],
  ['VpcPeeringConnections', 'VpcPeeringConnections'],
  ['TransitGatewayAttachments', 'TransitGatewayAttachments'],
  ['TransitGatewayVpcAttachments', 'TransitGatewayAttachments'],
  ['TransitGatewayRouteTables', 'TransitGatewayRouteTables'],
  ['Pod', 'Pods'],
  ['Node', 'Nodes'],
  ['Service', 'Services'],
  ['NetworkPolicy', 'NetworkPolicies'],
];

/** Facts of documents and how many of the documents were recognised. */
export function readFacts(
  documents: readonly SourceDocument[],
  warn: Warn,
): { readonly facts: Facts; readonly count: number } {
  const sections = new Sections(documents, warn);
  const read = <T>(name: string, reader: (cursor: Cursor, warn: Warn) => T): T[] =>
    sections.all(name).map((cursor) => reader(cursor, warn));
  const described = DESCRIBED_BY.flatMap(([name, word]) => (sections.given(name) === undefined ? [] : [word]));
  const tellsPods = ['Metrics', 'Ipamd', 'AuditEvent', 'WatchEvent', 'LogEvents'];
  const histories = sections.podHistories.length + sections.podEvents.length;
  if (histories > 0 || tellsPods.some((name) => sections.given(name) !== undefined)) described.push('Pods');
  const endpoints = read('VpcEndpoints', readVpcEndpoint);
  const gateways = readGateways(sections, warn);
  const facts: Facts = {
    described,
    vpcs: read('Vpcs', readVpc),
    subnets: read('Subnets', readSubnet),
    networkInterfaces: read('NetworkInterfaces', readNetworkInterface),
    interfaceClasses: read('NetworkInterfaceClasses', readEniClass),
    interfaceOwners: [
      ...gateways.natGateways.flatMap(({ id, addresses }) => {
        return addresses.flatMap(({ interfaceId }) => {
          return interfaceId === null ? [] : ({ interfaceId, kind: 'nat-gateway', name: id } as const);
        });
      }),
      ...endpoints.flatMap(({ id, interfaceIds }) => {
        return interfaceIds.map((interfaceId) => ({ interfaceId, kind: 'vpc-endpoint', name: id }) as const);
      }),
    ],
    gateways,
    elasticAddresses: read('Addresses', readElasticAddress).flat(),
    instances: read('Instances', readInstance),
    securityGroups: read('SecurityGroups', readSecurityGroup),
    securityGroupRules: read('SecurityGroupRules', readListedRule),
    networkAcls: read('NetworkAcls', readNetworkAcl),
    routeTables: read('RouteTables', readRouteTable),
    prefixLists: [
      ...read('ManagedPrefixLists', readPrefixList),
      ...read('PrefixLists', readPrefixList),
      ...(sections.pages.get('Entries') ?? []).map(readPrefixListEntries),
    ],
    vpcEndpoints: endpoints.map(({ interfaceIds: _, ...endpoint }) => endpoint),
    vpcPeeringConnections: read('VpcPeeringConnections', readVpcPeeringConnection),
    loadBalancers: [
      ...read('LoadBalancers', readLoadBalancer),
      ...read('LoadBalancerDescriptions', readClassicLoadBalancer),
      ...read('Listeners', readListener),
      ...read('TagDescriptions', readTagDescription),
    ],
    nodes: read('Node', readNode),
    pods: [
      ...read('Pod', readPod).filter((pod) => pod !== null),
      ...sections.podHistories.flatMap(({ file, rows }) => readPodHistory(rows, file, warn)),
      ...readMetrics(sections.all('Metrics'), warn),
      ...read('Ipamd', readIpamd).flat(),
    ],
    podEvents: [...sections.podEvents, ...readEventDocuments(sections, warn)],
    services: read('Service', readService),
    endpointSlices: read('EndpointSlice', readEndpointSlice).filter((slice) => slice !== null),
    frontends: ['Service', 'Ingress', 'Gateway'].flatMap((kind) => read(kind, readFrontend)),
    targetBindings: read('TargetGroupBinding', readTargetBinding).flat(),
    owned: ['ReplicaSet', 'Job'].flatMap((kind) => read(kind, (cursor) => readOwnedObject(cursor, kind))),
    serviceAccounts: read('ServiceAccount', readServiceAccount),
    networkPolicies: read('NetworkPolicy', readNetworkPolicyName),
    awsNodes: [...read('DaemonSet', readAwsNode), ...read('NodeClass', readNodeClass)].filter(
      (settings) => settings !== null,
    ),
  };
  return { facts, count: sections.count };
}

function readElasticAddress(cursor: Cursor): { readonly interfaceId: string; readonly address: Address }[] {
  const interfaceId = cursor.text('NetworkInterfaceId');
  const address = cursor.address('PublicIp');
  return interfaceId === null || address === null ? [] : [{ interfaceId, address }];
}

function readNetworkPolicyName(cursor: Cursor): string {
  const metadata = cursor.at('metadata');
  return `${metadata.text('namespace') ?? 'default'}/${metadata.requiredText('name')}`;
}

/** Both, `first` before `second`: of two descriptions of one object the first counts. */
export function mergeFacts(first: Facts, second: Facts): Facts {
  return {
    described: [...first.described, ...second.described],
    vpcs: [...first.vpcs, ...second.vpcs],
    subnets: [...first.subnets, ...second.subnets],
    networkInterfaces: [...first.networkInterfaces, ...second.networkInterfaces],
    interfaceOwners: [...first.interfaceOwners, ...second.interfaceOwners],
    interfaceClasses: [...first.interfaceClasses, ...second.interfaceClasses],
    gateways: mergeGateways(first.gateways, second.gateways),
    elasticAddresses: [...first.elasticAddresses, ...second.elasticAddresses],
    instances: [...first.instances, ...second.instances],
    securityGroups: [...first.securityGroups, ...second.securityGroups],
    securityGroupRules: [...first.securityGroupRules, ...second.securityGroupRules],
    networkAcls: [...first.networkAcls, ...second.networkAcls],
    routeTables: [...first.routeTables, ...second.routeTables],
    prefixLists: [...first.prefixLists, ...second.prefixLists],
    vpcEndpoints: [...first.vpcEndpoints, ...second.vpcEndpoints],
    vpcPeeringConnections: [...first.vpcPeeringConnections, ...second.vpcPeeringConnections],
    loadBalancers: [...first.loadBalancers, ...second.loadBalancers],
    nodes: [...first.nodes, ...second.nodes],
    pods: [...first.pods, ...second.pods],
    podEvents: [...first.podEvents, ...second.podEvents],
    services: [...first.services, ...second.services],
    endpointSlices: [...first.endpointSlices, ...second.endpointSlices],
    frontends: [...first.frontends, ...second.frontends],
    targetBindings: [...first.targetBindings, ...second.targetBindings],
    owned: [...first.owned, ...second.owned],
    serviceAccounts: [...first.serviceAccounts, ...second.serviceAccounts],
    networkPolicies: [...first.networkPolicies, ...second.networkPolicies],
    awsNodes: [...first.awsNodes, ...second.awsNodes],
  };
}
