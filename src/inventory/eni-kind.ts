import { Cursor } from './cursor.ts';
import type { EniKind } from './inventory.ts';

/** What the table below looks at. */
export interface EniEvidence {
  /** AWS's InterfaceType, verbatim; the API model and the CLI spell some of them differently. */
  readonly interfaceType: string | null;
  readonly description: string;
  readonly tags: ReadonlyMap<string, string>;
}

/**
 * Matches by any one of type, description and tags (all of them; null = any value). The name is the first group of the
 * description's pattern, else the value of the first tag.
 */
export interface EniClass {
  readonly kind: EniKind;
  readonly types: readonly string[];
  readonly description: RegExp | null;
  readonly tags: readonly (readonly [string, string | null])[];
}

/** A row as it is written in a document: an element of `NetworkInterfaceClasses`. */
interface EniClassRow {
  readonly Kind: EniKind;
  readonly InterfaceTypes?: readonly string[];
  /** Regular expression (ECMAScript, `u`). */
  readonly Description?: string;
  readonly Tags?: readonly { readonly Key: string; readonly Value?: string }[];
}

/**
 * First match wins. Sources: amazon-vpc-resource-controller-k8s (trunk, branch), amazon-vpc-cni-k8s (aws-K8S-…), EKS
 * User Guide "network requirements" (control plane), EC2 User Guide "requester-managed network interfaces", EC2 API
 * (InterfaceType).
 */
const BUILT_IN: readonly EniClassRow[] = [
  { Kind: 'node-trunk', InterfaceTypes: ['trunk'], Description: '^aws-k8s-trunk-eni$' },
  { Kind: 'pod-branch', InterfaceTypes: ['branch'], Description: '^aws-k8s-branch-eni$' },
  {
    Kind: 'node-secondary',
    Description: '^aws-K8S-(i-\\S+)',
    Tags: [{ Key: 'node.k8s.amazonaws.com/instance_id' }, { Key: 'eks:eni:owner', Value: 'amazon-vpc-cni' }],
  },
  { Kind: 'node-secondary', Tags: [{ Key: 'eks:kubernetes-cni-node-name' }] },
  { Kind: 'eks-control-plane', Description: '^Amazon EKS (\\S.*)$' },
  {
    Kind: 'load-balancer',
    InterfaceTypes: ['network_load_balancer', 'load_balancer', 'gateway_load_balancer'],
    Description: '^ELB (\\S.*)$',
  },
  {
    Kind: 'nat-gateway',
    InterfaceTypes: ['nat_gateway', 'natGateway', 'regional_nat_gateway'],
    Description: '^Interface for NAT Gateway (\\S+)',
  },
  {
    Kind: 'vpc-endpoint',
    InterfaceTypes: ['vpc_endpoint', 'gateway_load_balancer_endpoint'],
    Description: '^VPC Endpoint Interface:? ?(vpce-\\S+)',
  },
  {
    Kind: 'transit-gateway',
    InterfaceTypes: ['transit_gateway'],
    Description: '^Network Interface for Transit Gateway Attachment (\\S+)',
  },
  {
    Kind: 'aws-managed',
    InterfaceTypes: ['lambda'],
    Description: '^AWS Lambda VPC ENI-(.+?)(?:-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})?$',
  },
  { Kind: 'aws-managed', Description: '^EFS mount target for (fs-\\S+)' },
  { Kind: 'aws-managed', Description: '^(?:Route 53 Resolver|EC2 Instance Connect)' },
  { Kind: 'aws-managed', Description: '^(?:RDS|Redshift|DMS)NetworkInterface' },
  { Kind: 'aws-managed', Description: '^(?:ElastiCache|DAX|ES |Amazon OpenSearch|Created By Amazon Workspaces)' },
  { Kind: 'aws-managed', Description: '^AWS created network interface for directory (d-\\S+)' },
  { Kind: 'aws-managed', Description: '^arn:aws[\\w\\-]*:ecs:.*attachment\\/' },
  {
    Kind: 'aws-managed',
    InterfaceTypes: [
      'quicksight',
      'global_accelerator_managed',
      'api_gateway_managed',
      'iot_rules_managed',
      'aws_codestar_connections_managed',
    ],
  },
];

/** Kinds that a row may give; `node-primary` and `instance` follow from what an interface is attached to. */
const KINDS: readonly EniKind[] = [
  ...(['node-secondary', 'node-trunk', 'pod-branch', 'eks-control-plane', 'load-balancer', 'nat-gateway'] as const),
  ...(['vpc-endpoint', 'transit-gateway', 'aws-managed', 'other'] as const),
];

/** An element of `NetworkInterfaceClasses`: rows of one's own, which come before the table's. */
export function readEniClass(cursor: Cursor): EniClass {
  const word = cursor.requiredText('Kind');
  const kind = KINDS.find((each) => each === word) ?? cursor.at('Kind').fail(`one of ${KINDS.join(', ')}`);
  const types = cursor.at('InterfaceTypes');
  const row: EniClass = {
    kind,
    types: types.isAbsent ? [] : types.elements().map((each) => each.asText() ?? ''),
    description: readPattern(cursor.at('Description')),
    tags: cursor.objects('Tags').map((tag) => [tag.requiredText('Key'), tag.text('Value')] as const),
  };
  if (row.types.length === 0 && row.description === null && row.tags.length === 0)
    cursor.fail('a class with InterfaceTypes, Description or Tags');
  return row;
}

function readPattern(cursor: Cursor): RegExp | null {
  const text = cursor.asText();
  if (text === null) return null;
  try {
    return new RegExp(text, 'u');
  } catch {
    return cursor.fail('a regular expression');
  }
}

const TABLE: readonly EniClass[] = BUILT_IN.map((row) => readEniClass(new Cursor(row, 'built in', null, '')));

/** What the interface itself tells about its kind; undefined = nothing, so its attachment decides. */
export function eniKindOf(
  eni: EniEvidence,
  own: readonly EniClass[] = [],
): { readonly kind: EniKind; readonly name: string | null } | undefined {
  for (const { kind, types, description, tags } of own.length === 0 ? TABLE : [...own, ...TABLE]) {
    const told = description?.exec(eni.description) ?? null;
    if (told !== null) return { kind, name: told[1] ?? null };
    if (eni.interfaceType !== null && types.includes(eni.interfaceType)) return { kind, name: null };
    const isTagged = tags.every(([key, value]) => {
      const is = eni.tags.get(key);
      return is !== undefined && (value === null || is === value);
    });
    if (tags.length > 0 && isTagged) return { kind, name: eni.tags.get(tags[0]?.[0] ?? '') ?? null };
  }
  return undefined;
}

/** Description of the VPC CNI's interfaces ends in the instance they belong to. */
export function instanceOfDescription(description: string): string | null {
  return /^aws-K8S-(i-\S+)/.exec(description)?.[1] ?? null;
}
