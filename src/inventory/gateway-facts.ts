import type { Cursor } from './cursor.ts';
import type { Sections } from './documents.ts';
import type {
  ForwardingListener,
  InternetGateway,
  NatGateway,
  PublicAccess,
  PublicAccessExclusion,
  TargetGroup,
  TransitGateway,
  TransitGatewayAttachment,
  TransitGatewayRouteTable,
} from './gateway.ts';
import { readInternetGateway, readNatGateway, readPublicAccess, readPublicAccessExclusion } from './gateways.ts';
import type { Gateways } from './inventory.ts';
import {
  joinTargetGroups,
  readForwardingListener,
  readTargetGroup,
  readTargetGroupAttributes,
  readTargetHealth,
} from './target-groups.ts';
import {
  joinAttachments,
  joinTransitRouteTables,
  readTransitGateway,
  readTransitGatewayAttachment,
  readTransitGatewayPeeringAttachment,
  readTransitGatewayRoutes,
  readTransitGatewayRouteTable,
  readTransitGatewayVpcAttachment,
} from './transit-gateways.ts';
import type { Warn } from './warnings.ts';

/** What documents tell of gateways, each by itself, doubles kept. */
export interface GatewayFacts {
  readonly internetGateways: readonly InternetGateway[];
  readonly natGateways: readonly NatGateway[];
  readonly transitGateways: readonly TransitGateway[];
  readonly attachments: readonly TransitGatewayAttachment[];
  readonly transitRouteTables: readonly TransitGatewayRouteTable[];
  readonly publicAccess: readonly PublicAccess[];
  readonly exclusions: readonly PublicAccessExclusion[];
  readonly listeners: readonly ForwardingListener[];
  readonly targetGroups: readonly TargetGroup[];
}

export function readGateways(sections: Sections, warn: Warn): GatewayFacts {
  const read = <T>(name: string, reader: (cursor: Cursor, warn: Warn) => T): T[] =>
    sections.all(name).map((cursor) => reader(cursor, warn));
  const pages = (name: string): readonly Cursor[] => sections.pages.get(name) ?? [];
  return {
    internetGateways: read('InternetGateways', readInternetGateway),
    natGateways: read('NatGateways', readNatGateway),
    transitGateways: read('TransitGateways', readTransitGateway),
    attachments: [
      ...read('TransitGatewayVpcAttachments', readTransitGatewayVpcAttachment),
      ...read('TransitGatewayAttachments', readTransitGatewayAttachment),
      ...read('TransitGatewayPeeringAttachments', readTransitGatewayPeeringAttachment).flat(),
    ],
    transitRouteTables: [
      ...read('TransitGatewayRouteTables', readTransitGatewayRouteTable),
      ...pages('Routes').map((page) => readTransitGatewayRoutes(page, warn)),
    ],
    publicAccess: read('VpcBlockPublicAccessOptions', readPublicAccess).flat(),
    exclusions: read('VpcBlockPublicAccessExclusions', readPublicAccessExclusion).flat(),
    listeners: read('Listeners', readForwardingListener).flat(),
    targetGroups: [
      ...read('TargetGroups', readTargetGroup),
      ...pages('TargetHealthDescriptions').map(readTargetHealth),
      ...pages('Attributes').map(readTargetGroupAttributes),
    ],
  };
}

export function mergeGateways(first: GatewayFacts, second: GatewayFacts): GatewayFacts {
  return {
    internetGateways: [...first.internetGateways, ...second.internetGateways],
    natGateways: [...first.natGateways, ...second.natGateways],
    transitGateways: [...first.transitGateways, ...second.transitGateways],
    attachments: [...first.attachments, ...second.attachments],
    transitRouteTables: [...first.transitRouteTables, ...second.transitRouteTables],
    publicAccess: [...first.publicAccess, ...second.publicAccess],
    exclusions: [...first.exclusions, ...second.exclusions],
    listeners: [...first.listeners, ...second.listeners],
    targetGroups: [...first.targetGroups, ...second.targetGroups],
  };
}

/** Each object once, sorted by id: of two descriptions the first counts. */
export function joinGateways(facts: GatewayFacts): Gateways {
  return {
    internetGateways: firstById(facts.internetGateways),
    natGateways: firstById(facts.natGateways),
    transitGateways: firstById(facts.transitGateways),
    transitGatewayAttachments: joinAttachments(facts.attachments),
    transitGatewayRouteTables: firstById(joinTransitRouteTables(facts.transitRouteTables)),
    publicAccess: facts.publicAccess[0] ?? null,
    publicAccessExclusions: facts.exclusions,
    listeners: facts.listeners,
    targetGroups: joinTargetGroups(facts.targetGroups),
  };
}

function firstById<T extends { readonly id: string }>(objects: readonly T[]): T[] {
  const first = new Map<string, T>();
  for (const object of objects) if (!first.has(object.id)) first.set(object.id, object);
  return [...first.values()].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}
