import { FlowtrieError } from '../model/errors.ts';
import type { Address } from '../model/ip.ts';
import { routeOf } from '../rules/lookup.ts';
import { ClassFlag, ENI_STRIDE, EniSet, EniWord, SETS_STRIDE } from '../rules/view.ts';
import { atlasOf, isWithin } from './atlas.ts';
import type { Endpoint } from './endpoint.ts';
import type { ExplainFlow, ExplainStep, Explanation } from './explanation.ts';
import { follow } from './follow.ts';
import { answerInside, insideNodeOf, policiesInside } from './inside-node.ts';
import { fromOutside, publicAddressOf } from './internet.ts';
import { addressClass, type IcmpPacket, type PortRange } from './layer-answer.ts';
import { onwardOf } from './onward.ts';
import { isDescribed, joined, outcomeOf } from './outcome.ts';
import { passedOnStep } from './passed-on.ts';
import { isInSubnet, type Packet, type Scene, siteOfEni } from './scene.ts';
import { isPacket, senderText, translationOf } from './source-nat.ts';
import { aclStep, EXEMPT, groupStep, layerStep, policySteps } from './steps.ts';
import type { ExplainTables } from './tables.ts';
import { type Arrived, beyond, hasArrived, Trail, type Way } from './way.ts';
import { wayBack } from './way-back.ts';

/** Client ports when the source port is not known: NAT gateways and load balancers use all of them. */
const CLIENT_PORTS: PortRange = { from: 1024, to: 65_535 };
const ALL_PORTS: PortRange = { from: 0, to: 65_535 };
const TCP = 6;
const UDP = 17;
const DNS_PORT = 53;

/**
 * Follows the first packet of a flow through every layer, and its reply back. Ends of two address families that nothing
 * translates between (isPacket) are a wrong call.
 */
export function explain(tables: ExplainTables, flow: ExplainFlow): Explanation {
  const { inventory } = tables;
  if (!isPacket(inventory, flow.from, flow.to)) {
    throw new FlowtrieError('usage', 'explain: no packet has an IPv4 and an IPv6 address');
  }
  const inside = insideNodeOf(inventory, flow);
  if (inside === null) return sent(tables, flow);
  // between two families a pod has an address that only its node knows
  const client = flow.from.address?.family === flow.to.address?.family ? senderOf(flow) : null;
  const onward = onwardOf(tables, flow, client, explain);
  const answer = { id: flow.id, ...answerInside(policiesInside(inventory, flow), onward), source_nat: null };
  if (inside.doubt === null) return answer;
  const other = sent(tables, flow);
  return isSame(answer, other) ? other : doubtful(other, inside.doubt);
}

/** The same of a packet that leaves its node. */
function sent(tables: ExplainTables, flow: ExplainFlow): Explanation {
  const translation = translationOf(tables.inventory, flow);
  if (translation === null) return judged(tables, flow);
  const { sender, untranslated, usual, doubt } = translation;
  const plain = (): Explanation => judged(tables, { ...flow, from: untranslated });
  if (sender === null) return doubtful(plain(), doubt);
  // the port is drawn anew, so replies may come to any
  const translated = (): Explanation => judged(tables, { ...flow, from: sender, srcPort: null });
  const source_nat = { ...senderText(tables.inventory, sender), unknown: doubt };
  if (doubt === null) return { ...translated(), source_nat };
  const answer = usual ? { ...translated(), source_nat } : plain();
  const other = usual ? plain() : translated();
  return isSame(answer, other) ? answer : doubtful(answer, doubt);
}

function isSame(a: Explanation, b: Explanation): boolean {
  const told = ({ verdict, outcome, reply, way_back: back }: Explanation): string =>
    [verdict, outcome, reply.verdict, back.outcome].join();
  return told(a) === told(b);
}

/** The answer where it is not known which of two packets is sent. */
function doubtful(answer: Explanation, reason: string | null): Explanation {
  const open = { verdict: 'unknown', decided_by: null } as const;
  const way_back = { ...answer.way_back, outcome: 'unknown', reason } as const;
  return { ...answer, ...open, outcome: 'unknown', reason, reply: open, way_back };
}

function judged(tables: ExplainTables, flow: ExplainFlow): Explanation {
  const scene = sceneOf(tables, flow);
  const { inventory } = tables;
  const { from, to } = flow;
  if (isExempt(scene)) return exempted(scene);
  const trail = new Trail();
  // a packet to a public address leaves with it
  const destination = to.publicAddress ?? to.address;
  const packet = { source: senderOf(flow), destination, asked: scene.request, reply: scene.reply };
  const atSource = from.eni < 0 ? [] : sourceSteps(scene, destination);
  const way = wayOf(scene, trail, packet);
  // where the way ends before the destination, its layers are asked as if the packet had come as it was sent
  const arrived = hasArrived(way) ? way : null;
  const atDestination = to.eni < 0 ? [] : destinationSteps(scene, arrived, arrived?.packet.source ?? lostSource(scene));
  const ends = [...atSource, ...atDestination];
  const { verdict, decidedBy } = joined(inventory, ends);
  const onward = onwardOf(tables, flow, arrived?.packet.source ?? lostSource(scene), explain);
  const ended = beyond(onward.ended, outcomeOf(inventory, verdict, way, trail, to));
  const back = wayBack(scene, trail, arrived, ended, { atSource, atDestination });
  const described = (steps: readonly ExplainStep[]): ExplainStep[] => steps.filter((s) => isDescribed(inventory, s));
  return {
    id: flow.id,
    verdict,
    decided_by: decidedBy,
    outcome: ended.outcome,
    reply: { verdict: back.verdict, decided_by: back.decidedBy },
    steps: described([...atSource, ...trail.steps, ...atDestination]),
    reason: ended.reason,
    way_back: { ...beyond(onward.answered, back.ending), steps: described(back.steps) },
    source_nat: null,
    node_port: onward.node_port,
    forwards: onward.forwards,
    unfollowed: onward.unfollowed,
    same_node: false,
  };
}

/** Source address as the packet is sent: a load balancer may pass on its client's. */
function senderOf({ from, passedOn }: ExplainFlow): Address | null {
  return passedOn === undefined ? from.address : passedOn;
}

function sceneOf(tables: ExplainTables, flow: ExplainFlow): Scene {
  const atlas = atlasOf(tables.inventory);
  return {
    tables,
    atlas,
    flow,
    request: { ports: portsOf(flow.protocol, flow.dstPort, ALL_PORTS), icmp: flow.icmp },
    reply: { ports: portsOf(flow.protocol, flow.srcPort, CLIENT_PORTS), icmp: answerOf(flow.icmp) },
    viaMiddlebox: crossesMiddlebox(tables, flow.from, flow.to.publicAddress ?? flow.to.address),
  };
}

/** ICMP types that are asked and what answers them; any other has no answer whose type is known. */
const ANSWERS: ReadonlyMap<number, number> = new Map([
  [8, 0],
  [13, 14],
  [15, 16],
  [17, 18],
  [128, 129],
]);

function answerOf({ type }: IcmpPacket): IcmpPacket {
  const answer = ANSWERS.get(type ?? -1) ?? null;
  return { type: answer, code: answer === null ? null : 0 };
}

function portsOf(protocol: number | null, port: number | null, unknown: PortRange): PortRange {
  if (protocol !== null && protocol !== TCP && protocol !== UDP) return { from: 0, to: 0 };
  return port === null ? unknown : { from: port, to: port };
}

/** Seen from the sender's subnet: the route to the destination leads through an interface or a GWLB endpoint. */
function crossesMiddlebox({ inventory, view }: ExplainTables, from: Endpoint, to: Address | null): boolean {
  const table = from.eni < 0 ? -1 : (view.eniSets[from.eni * SETS_STRIDE + EniSet.routeTable] ?? -1);
  if (table < 0 || to === null) return false;
  // inside one subnet no route is asked
  const subnet = atlasOf(inventory).subnets.get(inventory.networkInterfaces[from.eni]?.subnetId ?? '');
  if (isWithin(subnet?.cidrs, to)) return false;
  const route = routeOf(view, table, addressClass(view, to));
  return route >= 0 && view.routeIsMiddlebox[route] === 1;
}

/** AWS's own link-local services and the VPC's resolver are filtered by no rule. */
function isExempt({ tables: { view }, flow }: Scene): boolean {
  const { from, to, dstPort } = flow;
  if (from.eni < 0 || to.address === null) return false;
  const flags = view.classFlags[addressClass(view, to.address)] ?? 0;
  if ((flags & ClassFlag.exempt) !== 0) return true;
  if ((flags & ClassFlag.resolver) === 0 || dstPort !== DNS_PORT) return false;
  const vpc = view.eni[from.eni * ENI_STRIDE + EniWord.vpc];
  const word = to.address.words[0];
  return view.resolvers.some((address, i) => i % 2 === 1 && address === word && view.resolvers[i - 1] === vpc);
}

function exempted(scene: Scene): Explanation {
  const { flow, tables } = scene;
  const site = siteOfEni(tables.inventory, flow.from.eni);
  const steps = (direction: 'ingress' | 'egress'): ExplainStep[] =>
    (['sg', 'nacl'] as const)
      .map((layer) => layerStep(scene, layer, site, direction, EXEMPT, flow.to.address))
      .filter((step) => isDescribed(tables.inventory, step));
  const reason = 'a service of AWS that no rule filters';
  return {
    id: flow.id,
    verdict: 'exempt',
    decided_by: null,
    outcome: 'delivered',
    reply: { verdict: 'exempt', decided_by: null },
    steps: steps('egress'),
    reason,
    way_back: { outcome: 'delivered', reason, steps: steps('ingress').reverse() },
    source_nat: null,
    node_port: null,
    forwards: [],
    unfollowed: [],
    same_node: false,
  };
}

function wayOf(scene: Scene, trail: Trail, packet: Packet): Way {
  const { from, to } = scene.flow;
  const { inventory } = scene.tables;
  if (from.eni < 0) return fromOutside(scene, trail, { site: siteOfEni(inventory, to.eni), table: -1, packet });
  const site = siteOfEni(inventory, from.eni);
  return follow(scene, trail, { site, table: scene.atlas.routeTableOf(site.subnetId), packet });
}

/** Out of the sender's interface: NetworkPolicy, security groups, network ACL. */
function sourceSteps(scene: Scene, destination: Address | null): ExplainStep[] {
  const site = siteOfEni(scene.tables.inventory, scene.flow.from.eni);
  const crossed = !isInSubnet(scene, site, destination);
  return [
    ...policySteps(scene.tables.inventory, scene.flow.from, site.at, 'egress'),
    groupStep(scene, site, 'egress', destination),
    aclStep(scene, site, 'egress', destination, scene.request, crossed),
  ];
}

/** Into the destination's interface: network ACL, security groups, NetworkPolicy. */
function destinationSteps(scene: Scene, arrived: Arrived | null, source: Address | null): ExplainStep[] {
  const site = siteOfEni(scene.tables.inventory, scene.flow.to.eni);
  const inside =
    arrived?.fromSubnetId == null ? isInSubnet(scene, site, source) : arrived.fromSubnetId === site.subnetId;
  return [
    aclStep(scene, site, 'ingress', source, scene.request, !inside),
    scene.flow.passedOn === undefined
      ? groupStep(scene, site, 'ingress', source)
      : passedOnStep(scene, site, source, scene.flow.from),
    ...policySteps(scene.tables.inventory, scene.flow.to, site.at, 'ingress'),
  ];
}

/** Source address of a packet that does not arrive: as it was sent, or as it would leave for the internet. */
function lostSource(scene: Scene): Address | null {
  const { from, to } = scene.flow;
  if (to.publicAddress === null || from.eni < 0) return senderOf(scene.flow);
  return publicAddressOf(scene, siteOfEni(scene.tables.inventory, from.eni), from.address);
}
