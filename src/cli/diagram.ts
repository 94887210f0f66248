/** The columns of a classified record (NDJSON) that the two diagrams are drawn from. */
export interface DrawnRow {
  readonly interface_id: string | null;
  readonly direction: string;
  readonly role: string;
  readonly src_addr: string | null;
  readonly dst_addr: string | null;
  readonly srcport: number | null;
  readonly dstport: number | null;
  readonly src_kind: string;
  readonly dst_kind: string;
  readonly src_namespace: string | null;
  readonly src_pod: string | null;
  readonly src_node: string | null;
  readonly src_service: string | null;
  readonly dst_namespace: string | null;
  readonly dst_pod: string | null;
  readonly dst_node: string | null;
  readonly dst_service: string | null;
  readonly sg_verdict: string | null;
  readonly sg_rule: string | null;
  readonly nacl_verdict: string | null;
  readonly nacl_rule: string | null;
  readonly route_kind: string | null;
  readonly route_target: string | null;
  readonly route_prefix: string | null;
  readonly predicted: string | null;
  readonly drift: string | null;
}

/** The records of the two diagrams; undefined where the logs hold no such flow. */
export interface DrawnFlows {
  /** Internet → load balancer, and the same balancer → pod. */
  readonly toBalancer: DrawnRow | undefined;
  readonly toPod: DrawnRow | undefined;
  /** Pod → internet through a NAT gateway. */
  readonly fromPod: DrawnRow | undefined;
}

/** Picks real records for the diagrams: requests that the rules allow and that were accepted. */
export class DiagramPicker {
  private readonly toBalancer = new Map<string, DrawnRow>();
  private readonly toPod = new Map<string, DrawnRow>();
  private fromPod: DrawnRow | undefined;

  see(row: DrawnRow): void {
    if (row.role !== 'request' || row.drift !== 'agree' || row.predicted !== 'allow') return;
    if (row.direction === 'egress') {
      if (this.fromPod === undefined && row.src_pod !== null && row.route_kind === 'nat') this.fromPod = row;
    } else if (row.dst_kind === 'load-balancer' && row.src_kind === 'external' && row.dst_addr !== null) {
      if (!this.toBalancer.has(row.dst_addr)) this.toBalancer.set(row.dst_addr, row);
    } else if (row.src_kind === 'load-balancer' && row.dst_pod !== null && row.src_addr !== null) {
      if (!this.toPod.has(row.src_addr)) this.toPod.set(row.src_addr, row);
    }
  }

  /** True when both diagrams can be drawn. */
  get done(): boolean {
    const { toBalancer, fromPod } = this.flows();
    return toBalancer !== undefined && fromPod !== undefined;
  }

  flows(): DrawnFlows {
    const balancer = [...this.toPod.keys()].find((address) => this.toBalancer.has(address)) ?? '';
    return { toBalancer: this.toBalancer.get(balancer), toPod: this.toPod.get(balancer), fromPod: this.fromPod };
  }
}

const ARROW = '       ↓ ';

/** Internet → load balancer → subnet → node ENI → pod, every hop with the rule that let it pass. */
export function drawIngress(toBalancer: DrawnRow, toPod: DrawnRow): string {
  return [
    'Ingress: from the internet to a pod',
    '',
    `  [Internet]  ${toBalancer.src_addr}:${toBalancer.srcport}`,
    ...hops(toBalancer, 'ingress'),
    `  [Load balancer ${toPod.src_service ?? ''}]  ${toBalancer.dst_addr}:${toBalancer.dstport}`,
    `${ARROW}its interface ${toBalancer.interface_id}`,
    `${ARROW}forwards to its target ${toPod.dst_addr}:${toPod.dstport}`,
    '  [VPC subnet of the node]',
    ...hops(toPod, 'ingress'),
    `  [Node ENI]  ${toPod.interface_id} of ${toPod.dst_node ?? 'the node'}`,
    `${ARROW}secondary IP ${toPod.dst_addr}`,
    `  [Pod ${toPod.dst_namespace}/${toPod.dst_pod}]  port ${toPod.dstport}`,
  ].join('\n');
}

/** Pod → node ENI → subnet route → NAT gateway → internet. */
export function drawEgress(row: DrawnRow): string {
  return [
    'Egress: from a pod to the internet',
    '',
    `  [Pod ${row.src_namespace}/${row.src_pod}]  port ${row.srcport}`,
    `${ARROW}secondary IP ${row.src_addr}`,
    `  [Node ENI]  ${row.interface_id} of ${row.src_node ?? 'the node'}`,
    ...hops(row, 'egress'),
    '  [Subnet route]',
    `${ARROW}route ${row.route_prefix} → ${row.route_target}`,
    `  [NAT gateway ${row.route_target}]`,
    ARROW.trimEnd(),
    `  [Internet]  ${row.dst_addr}:${row.dstport}`,
  ].join('\n');
}

/** Security group and network ACL in the order the packet meets them: inbound the ACL first, outbound the group. */
function hops(row: DrawnRow, direction: 'ingress' | 'egress'): string[] {
  const acl =
    row.nacl_verdict === 'none'
      ? `${ARROW}network ACL: not crossed, both ends are in one subnet`
      : `${ARROW}network ACL ${row.nacl_verdict}s: ${row.nacl_rule}`;
  const group =
    row.sg_verdict === 'none'
      ? `${ARROW}security group: the interface has none`
      : `${ARROW}security group ${row.sg_verdict}s: ${row.sg_rule}`;
  return direction === 'ingress' ? [acl, group] : [group, acl];
}
