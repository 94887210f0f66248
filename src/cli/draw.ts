import { type Endpoint, endpointText } from '../classify/endpoint.ts';
import type { ExplainStep, ExplainTables, Explanation } from '../classify/explain.ts';
import { formatAddress } from '../model/ip.ts';
import type { FlowQuestion } from './flow-question.ts';

const PROTOCOL_NAMES: Readonly<Record<number, string>> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmpv6' };

/**
 * The explanation as people read it: question, the path on one line with the blocker marked, then every layer with its
 * rule, then the reply.
 */
export function drawExplanation(
  tables: ExplainTables,
  question: FlowQuestion,
  from: Endpoint,
  to: Endpoint,
  explanation: Explanation,
): string {
  const { inventory } = tables;
  const { reply } = explanation;
  const port = question.dstPort === null ? '' : ` ${question.dstPort}`;
  const protocol = PROTOCOL_NAMES[question.protocol] ?? `protocol ${question.protocol}`;
  const id = explanation.id === null ? '' : `${explanation.id}: `;
  const head = `${id}${endpointText(inventory, from)} → ${endpointText(inventory, to)}, ${protocol}${port}`;
  const decided = explanation.decided_by === null ? '' : `, decided by ${explanation.decided_by}`;
  const lines = [
    head,
    `  ${explanation.verdict.toUpperCase()}${decided}; ${explanation.outcome}`,
    '',
    `  ${drawPath(tables, from, to, explanation)}`,
    '',
    ...explanation.steps.map((step) => `  ${describeStep(tables, step)}`),
    `  reply: ${reply.verdict}${reply.decided_by === null ? '' : `, by ${reply.decided_by}`}`,
  ];
  return lines.join('\n');
}

/** `[pod shop/web] --> [sg-… rule] --> [acl-… 100] --> [rtb-… 0.0.0.0/0 nat-…] --> [internet]`; ✗ marks what blocks. */
function drawPath(tables: ExplainTables, from: Endpoint, to: Endpoint, explanation: Explanation): string {
  const boxes = [box(endName(tables, from))];
  for (const step of explanation.steps) {
    if (step.verdict === 'none') continue;
    const blocks = step.verdict === 'deny' || step.kind === 'none' || step.kind === 'blackhole';
    boxes.push(`${blocks ? '✗ ' : ''}${box(stepName(step))}`);
  }
  boxes.push(box(endName(tables, to)));
  return boxes.join(' --> ');
}

function box(text: string): string {
  return `[${text}]`;
}

/** Short name of an end: the pod, the interface, or the address outside. */
function endName({ inventory }: ExplainTables, end: Endpoint): string {
  if (end.pod !== null) return `pod ${end.pod.namespace}/${end.pod.name}`;
  const eni = inventory.networkInterfaces[end.eni];
  if (eni !== undefined) return eni.kindName === null ? eni.id : `${eni.kindName}`;
  return end.address === null ? 'unknown' : `${formatAddress(end.address)}`;
}

function stepName(step: ExplainStep): string {
  if (step.layer === 'route')
    return step.rule === null ? `route: ${step.kind}` : `${step.rule} ${step.target ?? step.kind}`;
  return `${step.rule ?? `${step.layer} ${step.verdict}`}`;
}

const LAYER_NAMES = { sg: 'security group', nacl: 'network ACL', route: 'route' } as const;

/** `eni-0a egress security group: allow by sgr-1 (sg-0a egress allows all traffic to 0.0.0.0/0); also matches …`. */
function describeStep({ catalog }: ExplainTables, step: ExplainStep): string {
  const where = `${step.at} ${step.direction} ${LAYER_NAMES[step.layer]}`.padEnd(44);
  if (step.layer === 'route') {
    const entry = catalog.rules.find((rule) => rule.layer === 'route' && rule.id === step.rule);
    return `${where} ${entry?.text ?? (step.kind === 'none' ? 'no route matches' : 'not known')}`;
  }
  const also = step.matched.filter((id) => id !== step.rule);
  const more =
    also.length === 0
      ? ''
      : `; also matches ${also.slice(0, 5).join(', ')}${also.length > 5 ? ` and ${also.length - 5} more` : ''}`;
  const rule = catalog.rules.find((r) => r.layer === step.layer && r.id === step.rule);
  if (step.verdict === 'none') {
    return `${where} ${step.layer === 'nacl' ? 'not crossed (same subnet)' : 'none (the interface has no groups)'}`;
  }
  const by = step.rule === null ? '' : ` by ${step.rule}`;
  const text = rule === undefined || rule.id === rule.text ? '' : ` (${rule.text})`;
  return `${where} ${step.verdict}${by}${text}${more}`;
}
