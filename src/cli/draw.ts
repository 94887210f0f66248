import { type Endpoint, endpointText } from '../explain/endpoint.ts';
import type { Answer, ExplainStep, Explanation, Forward } from '../explain/explanation.ts';
import type { ExplainTables } from '../explain/tables.ts';
import { formatAddress } from '../model/ip.ts';
import type { Catalog, CatalogRule } from '../rules/catalog.ts';
import type { FlowQuestion } from './flow-question.ts';

const PROTOCOL_NAMES: Readonly<Record<number, string>> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmpv6' };
const LAYER_NAMES = {
  policy: 'network policy',
  sg: 'security group',
  nacl: 'network ACL',
  route: 'route',
} as const;
const COLUMNS = 110;

/**
 * The explanation as people read it: the question, the verdict with who blocks, the path drawn with the blocker marked,
 * every layer with its rule, then the same for the reply.
 */
export function drawExplanation(
  tables: ExplainTables,
  question: FlowQuestion,
  from: Endpoint,
  to: Endpoint,
  explanation: Explanation,
): string {
  const { inventory } = tables;
  const { steps, way_back: back, reply, forwards, unfollowed } = explanation;
  // what holds for every node behind a balancer is said once
  const left = new Set([...unfollowed, ...forwards.flatMap((forward) => forward.unfollowed)]);
  const id = explanation.id === null ? '' : `${explanation.id}: `;
  const between = `from ${endpointText(inventory, from)} to ${endpointText(inventory, to)}`;
  const title = `${id}${protocolText(question)} ${between}`;
  const ends = [endName(tables, from), endName(tables, to, explanation.outcome)] as const;
  return [
    title,
    '='.repeat(Math.min(title.length, COLUMNS)),
    `${headline(explanation)}`,
    ...natLines(explanation),
    ...nodePortLines(explanation),
    '',
    ...section(layerSummary(tables, steps)),
    'Path:',
    ...drawPath(tables, ends[0], steps, ends[1], lostAt(tables, to, explanation)),
    '',
    ...section(details(tables, steps), 'Details:'),
    `Reply: ${verdictText(reply.verdict, reply.decided_by)}; ${back.outcome}${because(back.reason)}`,
    ...(back.steps.length === 0
      ? []
      : [...drawPath(tables, ends[1], back.steps, ends[0]), ...replyDetails(tables, back.steps)]),
    ...forwards.flatMap((forward) => drawForward(tables, ends[1], forward)),
    ...(left.size === 0 ? [] : ['', ...[...left].map((why) => `Not followed: ${why}`)]),
  ].join('\n');
}

/** Lines under their title, where there are any, and an empty one. */
function section(lines: readonly string[], title?: string): string[] {
  if (lines.length === 0) return [];
  return [...(title === undefined ? [] : [title]), ...lines, ''];
}

function protocolText({ protocol, srcPort, dstPort, icmpType, icmpCode }: FlowQuestion): string {
  const name = protocol === null ? 'any protocol' : (PROTOCOL_NAMES[protocol] ?? `protocol ${protocol}`);
  const port = dstPort === null ? '' : ` ${dstPort}`;
  const source = srcPort === null ? '' : ` (source port ${srcPort})`;
  const type = icmpType === null ? '' : ` type ${icmpType}${icmpCode === null ? '' : ` code ${icmpCode}`}`;
  return `${name}${port}${type}${source}`;
}

function because(reason: string | null): string {
  return reason === null ? '' : `: ${reason}`;
}

function verdictText(verdict: string, rule: string | null): string {
  return `${verdict.toUpperCase()}${rule === null ? '' : `, decided by ${rule}`}`;
}

/** `DENY: blocked at ingress of eni-db by network ACL entry acl-db/ingress/90; denied`. */
function headline({ verdict, decided_by: rule, outcome, reason, steps }: Answer): string {
  const blocker = steps.find((step) => step.verdict === 'deny');
  const rest = `; ${outcome}${because(reason)}`;
  if (verdict === 'deny' && blocker !== undefined) {
    const by = `${LAYER_NAMES[blocker.layer]}${blocker.rule === null ? '' : ` (${blocker.rule})`}`;
    return `DENY: blocked at ${blocker.direction} of ${blocker.at} by ${by}${rest}`;
  }
  if (verdict === 'unknown') {
    const doubts = [...new Set(steps.flatMap((step) => (step.verdict === 'unknown' ? (step.unknown ?? []) : [])))];
    return `UNKNOWN${doubts.length === 0 ? '' : `: ${doubts.join('; ')}`}${rest}`;
  }
  return `${verdictText(verdict, rule)}${rest}`;
}

/** What the node makes of the packet before it meets any rule. */
function natLines({ source_nat: nat }: Explanation): string[] {
  if (nat === null) return [];
  const doubt = nat.unknown === null ? '' : ` (by default; ${nat.unknown})`;
  return [`Source NAT: the node sends it by ${nat.at} from ${nat.address}${doubt}`];
}

/** Whose NodePort it is, and how many endpoints there are. */
function nodePortLines({ node_port: port, forwards }: Answer): string[] {
  if (port === null) return [];
  const whose = `NodePort of ${port.service} (externalTrafficPolicy ${port.external_traffic_policy})`;
  if (forwards.length === 0) return [whose];
  const choice =
    forwards.length === 1 ? 'sends it on to its one endpoint' : `picks one of ${forwards.length} endpoints`;
  return [`${whose}: kube-proxy ${choice}`];
}

const VERBS: Readonly<Record<string, string>> = {
  allow: 'allows',
  deny: 'blocks',
  unknown: 'may allow',
  exempt: 'exempts',
};

/** `Egress: security group sg-a allows; network ACL acl-1 blocks`, one line a direction at the ends. */
function layerSummary(tables: ExplainTables, steps: readonly ExplainStep[]): string[] {
  return (['egress', 'ingress'] as const).flatMap((direction) => {
    const of = steps.filter((s) => s.direction === direction && s.layer !== 'route' && s.verdict !== 'none');
    if (of.length === 0) return [];
    const words = of.map(
      (s) => `${LAYER_NAMES[s.layer]} ${holderOf(tables, s)} ${VERBS[s.verdict ?? ''] ?? s.verdict}`,
    );
    return [`${direction === 'egress' ? 'Egress: ' : 'Ingress:'} ${words.join('; ')}`];
  });
}

/** The object a step's rule belongs to: groups of the interface, the ACL, the route table. */
function holderOf({ inventory, catalog }: ExplainTables, step: ExplainStep): string {
  const rule = ruleOf(catalog, step);
  if (rule?.layer === 'sg') return rule.rule.groupId;
  if (rule?.layer === 'nacl') return rule.aclId;
  if (step.layer === 'sg') {
    const eni = inventory.networkInterfaces.find((e) => e.id === step.at);
    return eni?.groups?.join(',') ?? step.at;
  }
  return step.rule?.split('/')[0] ?? `at ${step.at}`;
}

/**
 * `[pod shop/web] --> [sg-… rule] --> [acl-… 100] --> [rtb-… 0.0.0.0/0 nat-…] --> [internet]`; ✗ marks what blocks, and
 * what stands behind it is only dotted: the packet never meets it.
 */
function drawPath(
  tables: ExplainTables,
  from: string,
  steps: readonly ExplainStep[],
  to: string,
  lost?: Lost,
): string[] {
  const boxes: string[] = [`[${from}]`];
  let blocked = false;
  steps.forEach((step, i) => {
    if (lost?.before === i && !blocked) {
      boxes.push(`--> ✗[${lost.reason}]`);
      blocked = true;
    }
    if (step.verdict === 'none') return;
    const blocks = step.verdict === 'deny' || step.kind === 'none' || step.kind === 'blackhole';
    const mark = blocks ? '✗' : step.verdict === 'unknown' || step.kind === 'unknown' ? '?' : '';
    boxes.push(`${blocked ? '··>' : '-->'} ${mark}[${boxName(tables, step)}]`);
    blocked ||= blocks;
  });
  if (lost?.before === steps.length && !blocked) {
    boxes.push(`--> ✗[${lost.reason}]`);
    blocked = true;
  }
  boxes.push(`${blocked ? '··>' : '-->'} [${to}]`);
  if (lost !== undefined && lost.before > steps.length && !blocked) boxes.push(`--> ✗[${lost.reason}]`);
  const lines: string[] = [];
  let line = ' ';
  for (const box of boxes) {
    if (line.length + box.length >= COLUMNS) {
      lines.push(line);
      line = '   ';
    }
    line += ` ${box}`;
  }
  return [...lines, line];
}

/** A loss that no step shows: before which step (behind the end: one more than there are), and why. */
interface Lost {
  readonly before: number;
  readonly reason: string;
}

/** Between the way and the destination's own layers, which are asked all the same. */
function lostAt({ inventory }: ExplainTables, to: Endpoint, explanation: Explanation): Lost | undefined {
  const { outcome, reason, steps, node_port } = explanation;
  if (reason === null || outcome === 'unknown' || outcome === 'delivered' || outcome === 'left-network')
    return undefined;
  const at = inventory.networkInterfaces[to.eni]?.id;
  let before = steps.length;
  // what is lost beyond the node has come to it
  if (reason === node_port?.reason) return { before: before + 1, reason };
  while (before > 0 && steps[before - 1]?.at === at && steps[before - 1]?.direction === 'ingress') before--;
  return { before, reason };
}

/** Short name of an end: the pod, the interface, or what lies outside. */
function endName({ inventory }: ExplainTables, end: Endpoint, outcome?: string): string {
  if (end.pod !== null) return `pod ${end.pod.namespace}/${end.pod.name}`;
  const eni = inventory.networkInterfaces[end.eni];
  if (eni !== undefined) return eni.kindName === null ? eni.id : `${eni.kindName} ${eni.id}`;
  const address = end.address === null ? 'not known' : formatAddress(end.address);
  return outcome === 'left-network' ? `outside ${address}` : address;
}

function boxName(tables: ExplainTables, step: ExplainStep): string {
  const { layer, rule } = step;
  if (layer === 'route') {
    if (rule === null) return step.kind === 'none' ? `${step.at}: no route` : `${step.at}: route ${step.kind}`;
    return `${rule.replace('/', ' ')} ${step.kind === 'blackhole' ? 'blackhole' : (step.target ?? step.kind)}`;
  }
  const holder = holderOf(tables, step);
  if (rule === null) return `${holder} ${step.verdict}`;
  if (layer === 'nacl') return `${holder} ${rule.split('/').at(-1)}`;
  return rule.startsWith(`${holder}/`) ? rule : `${holder} ${rule}`;
}

/** Every step under the place it is judged at. */
function details(tables: ExplainTables, steps: readonly ExplainStep[]): string[] {
  const lines: string[] = [];
  let place = '';
  for (const step of steps) {
    const here = `${step.at} ${step.layer === 'route' ? '' : step.direction}`.trimEnd();
    if (here !== place && !(step.layer === 'route' && place.startsWith(`${step.at} `))) {
      place = here;
      lines.push(`  ${here}`);
    }
    lines.push(`    ${LAYER_NAMES[step.layer].padEnd(15)} ${describeStep(tables, step)}`);
    const also = step.matched.filter((id) => id !== step.rule);
    if (step.layer !== 'route' && also.length > 0) lines.push(`${' '.repeat(20)}${alsoText(step, also)}`);
    for (const doubt of step.unknown ?? []) lines.push(`${' '.repeat(20)}not known: ${doubt}`);
  }
  return lines;
}

/** The reply's layers, one line each: groups only repeat what they said of the request. */
function replyDetails(tables: ExplainTables, steps: readonly ExplainStep[]): string[] {
  return steps.map((step) => {
    const where = step.layer === 'sg' ? step.at : `${step.at} ${step.direction}`;
    const name = step.layer === 'sg' ? 'tracked' : LAYER_NAMES[step.layer];
    const doubt = step.unknown?.[0] === undefined ? '' : ` (${step.unknown[0]})`;
    return `  ${`${where} ${name}`.padEnd(40)} ${describeStep(tables, step)}${doubt}`;
  });
}

const ALSO_MAX = 8;

function alsoText({ verdict }: ExplainStep, also: readonly string[]): string {
  const more = also.length > ALSO_MAX ? ` and ${also.length - ALSO_MAX} more` : '';
  return `${verdict === 'unknown' ? 'may match' : 'also matches'} ${also.slice(0, ALSO_MAX).join(', ')}${more}`;
}

function describeStep({ catalog }: ExplainTables, step: ExplainStep): string {
  const rule = ruleOf(catalog, step);
  if (step.layer === 'route') {
    if (rule !== undefined) return rule.text;
    if (step.kind === 'none') return 'no route matches';
    if (step.kind === 'local' && step.rule === null) return 'not asked (inside one subnet)';
    return step.rule === null
      ? 'not known'
      : `${step.rule.replace('/', ' sends ')} to ${step.target ?? 'nowhere (blackhole)'}`;
  }
  if (step.verdict === 'none') {
    return step.layer === 'nacl' ? 'not crossed (inside one subnet)' : 'none (the interface has no groups)';
  }
  const by = step.rule === null ? '' : ` by ${step.rule}`;
  return `${step.verdict}${by}${rule === undefined || rule.id === rule.text ? '' : `: ${rule.text}`}`;
}

const rulesOf = new WeakMap<Catalog, ReadonlyMap<string, CatalogRule>>();

function ruleOf(catalog: Catalog, { layer, rule }: ExplainStep): CatalogRule | undefined {
  if (rule === null) return undefined;
  let byId = rulesOf.get(catalog);
  if (byId === undefined) {
    byId = new Map(catalog.rules.map((entry) => [`${entry.layer} ${entry.id}`, entry]));
    rulesOf.set(catalog, byId);
  }
  return byId.get(`${layer} ${rule}`);
}

/** One target; `from` is what sends it on. The endpoints behind a node that is one are told in a line each. */
function drawForward(tables: ExplainTables, from: string, forward: Forward): string[] {
  const { source } = forward;
  const lines = ['', `Forwards to ${forwardText(forward)}`, ...nodePortLines(forward).map((line) => `  ${line}`)];
  const behind = forward.forwards.map((each) => `  Then to ${forwardText(each)}`);
  if (forward.steps.length === 0) return [...lines, ...behind];
  const seen = source === null ? '' : `, seen from ${source}`;
  return [
    ...lines,
    ...drawPath(tables, `${from}${seen}`, forward.steps, targetName(forward)),
    ...behind,
    `  Reply: ${replyText(forward)}`,
  ];
}

/** The reply's verdict; what was not known where nothing else says it. */
function replyText({ reply, way_back: { outcome, reason, steps } }: Forward): string {
  const doubt =
    reply.verdict === 'unknown' ? (steps.find((step) => step.verdict === 'unknown')?.unknown?.[0] ?? null) : null;
  return `${verdictText(reply.verdict, reply.decided_by)}; ${outcome}${because(reason ?? doubt)}`;
}

/** `pod shop/web-1 10.0.1.31`, with its port. */
function targetName({ target, pod, at, port }: Forward): string {
  const name = pod === null ? (at ?? target) : `pod ${pod}`;
  return `${name === target ? target : `${name} ${target}`}${port === null ? '' : `:${port}`}`;
}

function forwardText(forward: Forward): string {
  const { health, source } = forward;
  const seen = forward.same_node && source !== null ? `, seen from ${source}` : '';
  return `${targetName(forward)}${health === null ? '' : ` (${health})`}${seen}: ${headline(forward)}`;
}
