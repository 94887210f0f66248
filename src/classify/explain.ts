import type { Inventory } from '../inventory/inventory.ts';
import { type Address, cidrContains } from '../model/ip.ts';
import { ROUTE_KIND, type RouteKind, type Verdict } from '../model/verdict.ts';
import type { Catalog } from '../rules/catalog.ts';
import { routeOf } from '../rules/lookup.ts';
import { ClassFlag, ENI_STRIDE, EniWord, type RulesView } from '../rules/view.ts';
import type { Endpoint } from './endpoint.ts';
import { addressClass, askSet, type IcmpPacket, type LayerAnswer, type PortRange } from './layer-answer.ts';
import { type Outcome, outcomeOf } from './outcome.ts';

/** What explain asks about: one connection, as its first packet. */
export interface ExplainFlow {
  readonly id: string | null;
  readonly from: Endpoint;
  readonly to: Endpoint;
  /** IANA number. */
  readonly protocol: number;
  /** null = not known: every port it may be. */
  readonly srcPort: number | null;
  readonly dstPort: number | null;
  readonly icmp: IcmpPacket;
}

/** One layer at one interface, in the order the packet meets them. */
export interface ExplainStep {
  readonly layer: 'sg' | 'nacl' | 'route';
  /** Interface id. */
  readonly at: string;
  readonly direction: 'ingress' | 'egress';
  readonly verdict: Verdict | null;
  readonly rule: string | null;
  readonly matched: readonly string[];
  /** Route steps only. */
  readonly kind?: RouteKind;
  readonly target?: string | null;
  readonly prefix?: string | null;
}

export interface Explanation {
  readonly id: string | null;
  /** Security groups, network ACLs and NetworkPolicies at the ends the inventory knows. */
  readonly verdict: Verdict;
  readonly decided_by: string | null;
  readonly outcome: Outcome;
  readonly reply: { readonly verdict: Verdict; readonly decided_by: string | null };
  readonly steps: readonly ExplainStep[];
}

/** One inventory version as explain reads it. */
export interface ExplainTables {
  readonly inventory: Inventory;
  readonly view: RulesView;
  readonly catalog: Catalog;
}

/** Client ports when the source port is not known: NAT gateways and load balancers use all of them. */
const CLIENT_PORTS: PortRange = { from: 1024, to: 65_535 };
const ALL_PORTS: PortRange = { from: 0, to: 65_535 };
const TCP = 6;
const UDP = 17;
const DNS_PORT = 53;

/** Follows the first packet of a flow through every layer, and its reply back. */
export function explain(tables: ExplainTables, flow: ExplainFlow): Explanation {
  const request = portsOf(flow.protocol, flow.dstPort, ALL_PORTS);
  const reply = portsOf(flow.protocol, flow.srcPort, CLIENT_PORTS);
  const source = flow.from.eni;
  const destination = flow.to.eni;
  // a packet to a public address leaves with it, and arrives from the public address of its sender
  const toWire = flow.to.publicAddress ?? flow.to.address;
  const fromWire = flow.to.publicAddress === null ? flow.from.address : publicSource(tables.inventory, flow.from);
  const route = source < 0 || toWire === null ? null : routeStep(tables, source, toWire);
  const viaMiddlebox = route !== null && isMiddlebox(tables, source, toWire);
  const ask = (eni: number, word: number, remote: Address | null, ports: PortRange): LayerAnswer =>
    askSet(
      tables.inventory,
      tables.view,
      tables.catalog,
      setOf(tables.view, eni, word, viaMiddlebox),
      remote,
      flow.protocol,
      ports,
      flow.icmp,
    );
  const steps: ExplainStep[] = [];
  const back: ExplainStep[] = [];
  if (source >= 0) {
    const sg = step(
      tables,
      'sg',
      source,
      'egress',
      exempted(tables, source, flow, toWire) ?? ask(source, EniWord.sgEgress, toWire, request),
    );
    const sameSubnet = isInSubnet(tables.inventory, source, toWire);
    const nacl = sameSubnet
      ? NOT_CROSSED
      : (exempted(tables, source, flow, toWire) ?? ask(source, EniWord.naclEgress, toWire, request));
    steps.push(sg, step(tables, 'nacl', source, 'egress', nacl));
    if (route !== null) steps.push(route);
    const naclBack = sameSubnet ? NOT_CROSSED : ask(source, EniWord.naclIngress, toWire, reply);
    back.push(step(tables, 'nacl', source, 'ingress', naclBack), sg);
  }
  if (destination >= 0) {
    const sameSubnet = isInSubnet(tables.inventory, destination, fromWire);
    const nacl = sameSubnet ? NOT_CROSSED : ask(destination, EniWord.naclIngress, fromWire, request);
    const sg = step(tables, 'sg', destination, 'ingress', ask(destination, EniWord.sgIngress, fromWire, request));
    steps.push(step(tables, 'nacl', destination, 'ingress', nacl), sg);
    const naclBack = sameSubnet ? NOT_CROSSED : ask(destination, EniWord.naclEgress, fromWire, reply);
    back.unshift(sg, step(tables, 'nacl', destination, 'egress', naclBack));
  }
  const { verdict, decidedBy } = joined(tables.inventory, steps);
  const answered = joined(tables.inventory, back);
  return {
    id: flow.id,
    verdict,
    decided_by: decidedBy,
    outcome: outcomeOf(tables.inventory, flow.from, flow.to, verdict, route),
    reply: { verdict: answered.verdict, decided_by: answered.decidedBy },
    steps: steps.filter((s) => isDescribed(tables.inventory, s)),
  };
}

/** A layer the packet does not cross: network ACLs stand at the subnet's border. */
const NOT_CROSSED: LayerAnswer = { verdict: 'none', rule: null, matched: [] };

function portsOf(protocol: number, port: number | null, unknown: PortRange): PortRange {
  if (protocol !== TCP && protocol !== UDP) return { from: 0, to: 0 };
  return port === null ? unknown : { from: port, to: port };
}

function step(
  tables: ExplainTables,
  layer: 'sg' | 'nacl',
  eni: number,
  direction: 'ingress' | 'egress',
  answer: LayerAnswer,
): ExplainStep {
  return { layer, at: tables.inventory.networkInterfaces[eni]?.id ?? '', direction, ...answer };
}

function setOf(view: RulesView, eni: number, word: number, viaMiddlebox: boolean): number {
  const set = view.eni[eni * ENI_STRIDE + word] ?? -1;
  const isGroupSet = word === EniWord.sgIngress || word === EniWord.sgEgress;
  return isGroupSet && set >= 0 && viaMiddlebox && view.hasMiddleboxRoutes ? set + 1 : set;
}

/** AWS's own link-local services and the VPC's resolver are filtered by no rule. */
function exempted(tables: ExplainTables, eni: number, flow: ExplainFlow, to: Address | null): LayerAnswer | undefined {
  if (to === null) return undefined;
  const { view } = tables;
  const flags = view.classFlags[addressClass(view, to)] ?? 0;
  const vpc = view.eni[eni * ENI_STRIDE + EniWord.vpc];
  const isResolver = (): boolean =>
    (flags & ClassFlag.resolver) !== 0 &&
    flow.dstPort === DNS_PORT &&
    view.resolvers.some((word, i) => i % 2 === 1 && word === to.words[0] && view.resolvers[i - 1] === vpc);
  if ((flags & ClassFlag.exempt) === 0 && !isResolver()) return undefined;
  return { verdict: 'exempt', rule: null, matched: [] };
}

function isInSubnet(inventory: Inventory, eni: number, address: Address | null): boolean {
  const subnetId = inventory.networkInterfaces[eni]?.subnetId;
  const subnet = inventory.subnets.find((s) => s.id === subnetId);
  return address !== null && (subnet?.cidrs.some((cidr) => cidrContains(cidr, address)) ?? false);
}

/** The address a packet to a public address comes from: the sender's own public one; unknown when it has none. */
function publicSource(inventory: Inventory, from: Endpoint): Address | null {
  if (from.eni < 0) return from.address;
  return inventory.networkInterfaces[from.eni]?.publicAddresses[0] ?? null;
}

function routeIndex(tables: ExplainTables, eni: number, to: Address): number {
  const table = tables.view.eni[eni * ENI_STRIDE + EniWord.routeTable] ?? -1;
  return table < 0 ? -2 : routeOf(tables.view, table, addressClass(tables.view, to));
}

function isMiddlebox(tables: ExplainTables, eni: number, to: Address | null): boolean {
  if (to === null) return false;
  const route = routeIndex(tables, eni, to);
  return route >= 0 && tables.view.routeIsMiddlebox[route] === 1;
}

function routeStep(tables: ExplainTables, eni: number, to: Address): ExplainStep {
  const at = tables.inventory.networkInterfaces[eni]?.id ?? '';
  const route = routeIndex(tables, eni, to);
  const base = { layer: 'route', at, direction: 'egress', verdict: null, matched: [] } as const;
  const entry = tables.catalog.rules[route];
  if (entry?.layer !== 'route') {
    return { ...base, rule: null, kind: route === -1 ? 'none' : 'unknown', target: null, prefix: null };
  }
  const kind = ROUTE_KIND[tables.view.routeKind[route] ?? 0] ?? 'unknown';
  return { ...base, rule: entry.id, matched: [entry.id], kind, target: entry.target, prefix: entry.prefix };
}

/** A layer that the inventory has no documents of is left out. */
function isDescribed(inventory: Inventory, { layer }: ExplainStep): boolean {
  const kind = { sg: 'SecurityGroups', nacl: 'NetworkAcls', route: 'RouteTables' } as const;
  return inventory.described.has(kind[layer]);
}

/**
 * Any deny → deny (the first in packet order decides); any unknown → unknown; else allow, decided by the first SG rule.
 */
function joined(
  inventory: Inventory,
  steps: readonly ExplainStep[],
): { readonly verdict: Verdict; readonly decidedBy: string | null } {
  const layers = steps.filter((s) => s.layer !== 'route' && isDescribed(inventory, s));
  const denied = layers.find((s) => s.verdict === 'deny');
  if (denied !== undefined) return { verdict: 'deny', decidedBy: denied.rule };
  if (layers.length === 0 || layers.some((s) => s.verdict === 'unknown'))
    return { verdict: 'unknown', decidedBy: null };
  if (layers.some((s) => s.verdict === 'exempt')) return { verdict: 'exempt', decidedBy: null };
  const allowing = layers.filter((s) => s.verdict === 'allow');
  const decider = allowing.find((s) => s.layer === 'sg') ?? allowing[0];
  return { verdict: 'allow', decidedBy: decider?.rule ?? null };
}
