/**
 * The names behind the integers of one inventory version: plain data, cloned once into every worker that renders rows.
 * Arrays are indexed by rule, ENI and pod index of that version.
 */
export interface Names {
  /** Rule id: security group rules, network ACL entries and routes share one numbering. */
  readonly rules: readonly string[];
  /** Target and prefix of a rule that is a route, else null; `null` inside = the route has none to show. */
  readonly routeTarget: readonly (string | null)[];
  readonly routePrefix: readonly (string | null)[];
  readonly enis: readonly EniName[];
  readonly pods: readonly PodName[];
  /** `namespace/name` of Services, `;` between several that answer at one port. */
  readonly services: readonly string[];
}

export interface EniName {
  readonly id: string;
  /** Kubernetes node name, else instance id, of the interface's host; null when it has none. */
  readonly node: string | null;
  /**
   * What the interface serves: `namespace/name` of a Service or Ingress, load balancer name, or the ENI description.
   */
  readonly service: string | null;
}

export interface PodName {
  readonly namespace: string;
  readonly name: string;
  /** `Deployment/web`; null when the owner is not known. */
  readonly workload: string | null;
  readonly node: string | null;
}
