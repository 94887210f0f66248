import type { Cursor } from './cursor.ts';

/**
 * Tags of the AWS Load Balancer Controller (its docs, "Resource tags"), of EKS' in-tree provider and of the first
 * Ingress controller: what a balancer serves, the surest first.
 */
const STACK_TAGS = [
  'service.k8s.aws/stack',
  'ingress.k8s.aws/stack',
  'gateway.k8s.aws.alb/stack',
  'gateway.k8s.aws.nlb/stack',
  'kubernetes.io/service-name',
  'kubernetes.io/ingress-name',
];

/** An object whose status says where it is reached: Service, Ingress, Gateway. */
export interface Frontend {
  /** `namespace/name`. */
  readonly name: string;
  /** IngressGroup: several Ingresses share one balancer. */
  readonly group: string | null;
  /** Lower case. */
  readonly hostnames: readonly string[];
}

/** A target group bound to a Service, whoever made the balancer (TargetGroupBinding, elbv2.k8s.aws/v1beta1). */
export interface TargetBinding {
  readonly targetGroupArn: string;
  /** `namespace/name` of the Service. */
  readonly service: string;
}

/** An object of `kind: Ingress`, `Service` or `Gateway`. */
export function readFrontend(cursor: Cursor): Frontend {
  const metadata = cursor.at('metadata');
  const status = cursor.at('status');
  const listed = [
    ...(status.object('loadBalancer')?.objects('ingress') ?? []).map((entry) => entry.text('hostname')),
    // of a Gateway: IP addresses or host names
    ...status.objects('addresses').map((entry) => entry.text('value')),
  ];
  return {
    name: `${metadata.text('namespace') ?? 'default'}/${metadata.requiredText('name')}`,
    group: metadata.object('annotations')?.text('alb.ingress.kubernetes.io/group.name') ?? null,
    hostnames: listed.flatMap((host) => (host === null ? [] : host.toLowerCase())),
  };
}

/** An object of `kind: TargetGroupBinding`. */
export function readTargetBinding(cursor: Cursor): TargetBinding[] {
  const spec = cursor.at('spec');
  const targetGroupArn = spec.text('targetGroupARN');
  const service = spec.object('serviceRef')?.text('name') ?? null;
  if (targetGroupArn === null || service === null) return [];
  return [{ targetGroupArn, service: `${cursor.at('metadata').text('namespace') ?? 'default'}/${service}` }];
}

/** What is known of a balancer itself. */
export interface OwnedBalancer {
  readonly dnsName: string | null;
  readonly tags: ReadonlyMap<string, string>;
  /** Target groups that its listeners forward to. */
  readonly targetGroupArns: readonly string[];
}

/**
 * `namespace/name` of what a balancer serves, `;` between several: by its tags, by the host name in the status of what
 * is reached there (the only way for balancers of EKS Auto Mode), by its bound target groups; null = nothing tells.
 */
export function ownerOf(
  balancer: OwnedBalancer,
  frontends: readonly Frontend[],
  bindings: readonly TargetBinding[],
): string | null {
  const stack = stackOf(balancer.tags);
  if (stack !== null) {
    const members = stack.includes('/') ? [] : frontends.filter(({ group }) => group === stack);
    return members.length === 0 ? stack : joined(members.map(({ name }) => name));
  }
  const host = balancer.dnsName?.toLowerCase();
  const reached = host === undefined ? [] : frontends.filter(({ hostnames }) => hostnames.some((h) => isHost(h, host)));
  if (reached.length > 0) return joined(reached.map(({ name }) => name));
  const bound = bindings.filter(({ targetGroupArn }) => balancer.targetGroupArns.includes(targetGroupArn));
  return bound.length === 0 ? null : joined(bound.map(({ service }) => service));
}

/** The same from the tags of a balancer, or of its interface, alone. */
export function stackOf(tags: ReadonlyMap<string, string>): string | null {
  for (const tag of STACK_TAGS) {
    const stack = tags.get(tag);
    if (stack !== undefined && stack !== '') return stack;
  }
  return null;
}

/** Route 53 aliases of dual-stack balancers carry a prefix. */
function isHost(told: string, host: string): boolean {
  return told === host || told === `dualstack.${host}`;
}

function joined(names: readonly string[]): string {
  return [...new Set(names)].sort().join(';');
}
