import type { EniKind } from './inventory.ts';

/** What the table below looks at. */
export interface EniEvidence {
  /** AWS's InterfaceType, verbatim; the API model and the CLI spell some of them differently. */
  readonly interfaceType: string | null;
  readonly description: string;
  readonly tags: ReadonlyMap<string, string>;
}

/** Matches by any one of type, description and tags; the name is the description's group, else the tag's value. */
interface EniKindRow {
  readonly kind: EniKind;
  readonly types?: readonly string[];
  readonly description?: RegExp;
  /** All of them; null = any value. */
  readonly tags?: readonly (readonly [string, string | null])[];
}

/**
 * First match wins. Sources: amazon-vpc-resource-controller-k8s (trunk, branch), amazon-vpc-cni-k8s (aws-K8S-…), EKS
 * User Guide "network requirements" (control plane), EC2 User Guide "requester-managed network interfaces", EC2 API
 * (InterfaceType).
 */
const ENI_KINDS: readonly EniKindRow[] = [
  { kind: 'node-trunk', types: ['trunk'], description: /^aws-k8s-trunk-eni$/ },
  { kind: 'pod-branch', types: ['branch'], description: /^aws-k8s-branch-eni$/ },
  {
    kind: 'node-secondary',
    description: /^aws-K8S-(i-\S+)/,
    tags: [
      ['node.k8s.amazonaws.com/instance_id', null],
      ['eks:eni:owner', 'amazon-vpc-cni'],
    ],
  },
  { kind: 'node-secondary', tags: [['eks:kubernetes-cni-node-name', null]] },
  { kind: 'eks-control-plane', description: /^Amazon EKS (\S.*)$/ },
  {
    kind: 'load-balancer',
    types: ['network_load_balancer', 'load_balancer', 'gateway_load_balancer'],
    description: /^ELB (\S.*)$/,
  },
  {
    kind: 'nat-gateway',
    types: ['nat_gateway', 'natGateway', 'regional_nat_gateway'],
    description: /^Interface for NAT Gateway (\S+)/,
  },
  {
    kind: 'vpc-endpoint',
    types: ['vpc_endpoint', 'gateway_load_balancer_endpoint'],
    description: /^VPC Endpoint Interface:? ?(vpce-\S+)/,
  },
  {
    kind: 'transit-gateway',
    types: ['transit_gateway'],
    description: /^Network Interface for Transit Gateway Attachment (\S+)/,
  },
  {
    kind: 'aws-managed',
    types: ['lambda'],
    description: /^AWS Lambda VPC ENI-(.+?)(?:-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})?$/,
  },
  { kind: 'aws-managed', description: /^EFS mount target for (fs-\S+)/ },
  { kind: 'aws-managed', description: /^(?:Route 53 Resolver|EC2 Instance Connect)/ },
  { kind: 'aws-managed', description: /^(?:RDS|Redshift|DMS)NetworkInterface/ },
  { kind: 'aws-managed', description: /^(?:ElastiCache|DAX|ES |Amazon OpenSearch|Created By Amazon Workspaces)/ },
  { kind: 'aws-managed', description: /^AWS created network interface for directory (d-\S+)/ },
  { kind: 'aws-managed', description: /^arn:aws[\w-]*:ecs:.*attachment\// },
  {
    kind: 'aws-managed',
    types: [
      'quicksight',
      'global_accelerator_managed',
      'api_gateway_managed',
      'iot_rules_managed',
      'aws_codestar_connections_managed',
    ],
  },
];

/** What the interface itself tells about its kind; undefined = nothing, so its attachment decides. */
export function eniKindOf(eni: EniEvidence): { readonly kind: EniKind; readonly name: string | null } | undefined {
  for (const { kind, types, description, tags } of ENI_KINDS) {
    const told = description?.exec(eni.description) ?? null;
    if (told !== null) return { kind, name: told[1] ?? null };
    if (eni.interfaceType !== null && types?.includes(eni.interfaceType)) return { kind, name: null };
    const isTagged = tags?.every(([key, value]) => {
      const is = eni.tags.get(key);
      return is !== undefined && (value === null || is === value);
    });
    if (isTagged === true) return { kind, name: eni.tags.get(tags?.[0]?.[0] ?? '') ?? null };
  }
  return undefined;
}

/** Description of the VPC CNI's interfaces ends in the instance they belong to. */
export function instanceOfDescription(description: string): string | null {
  return /^aws-K8S-(i-\S+)/.exec(description)?.[1] ?? null;
}
