import { type Cidr, parseCidr } from '../model/ip.ts';
import type { Cursor } from './cursor.ts';
import type { AwsNodeSettings } from './inventory.ts';

/** Go's strconv.ParseBool, by which the plugin reads its switches. */
const TRUE_WORDS: readonly string[] = ['1', 't', 'T', 'TRUE', 'true', 'True'];
const FALSE_WORDS: readonly string[] = ['0', 'f', 'F', 'FALSE', 'false', 'False'];

/** Settings of the DaemonSet kube-system/aws-node; null for any other. */
export function readAwsNode(cursor: Cursor): AwsNodeSettings | null {
  const metadata = cursor.at('metadata');
  if (metadata.text('name') !== 'aws-node' || metadata.text('namespace') !== 'kube-system') return null;
  const containers = cursor.at('spec').at('template').at('spec').objects('containers');
  const container = containers.find((each) => each.text('name') === 'aws-node');
  const env = new Map<string, Cursor>();
  for (const entry of container?.objects('env') ?? []) env.set(entry.requiredText('name'), entry);
  const value = (name: string): string => env.get(name)?.text('value') ?? '';
  return {
    uid: metadata.text('uid'),
    isTold: true,
    externalSnat: TRUE_WORDS.includes(value('AWS_VPC_K8S_CNI_EXTERNALSNAT')),
    excludedCidrs: value('AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS')
      .split(',')
      .map((text) => text.trim())
      .filter((text) => text !== '')
      .map((text) => parseCidr(text) ?? env.get('AWS_VPC_K8S_CNI_EXCLUDE_SNAT_CIDRS')?.at('value').fail('CIDRs'))
      .filter((cidr) => cidr !== undefined),
    strictBranches: value('POD_SECURITY_GROUP_ENFORCING_MODE') !== 'standard',
    v4Egress: !FALSE_WORDS.includes(value('ENABLE_V4_EGRESS')),
    v6Egress: TRUE_WORDS.includes(value('ENABLE_V6_EGRESS')),
  };
}

/**
 * Settings of a NodeClass of EKS Auto Mode, which has no DaemonSet (EKS User Guide, "Create a Node Class",
 * `snatPolicy`); null = an object that says nothing of it.
 */
export function readNodeClass(cursor: Cursor): AwsNodeSettings | null {
  const policy = cursor.at('spec').text('snatPolicy');
  if (policy === null) return null;
  const known =
    policy === 'Random' || policy === 'Disabled' || cursor.at('spec').at('snatPolicy').fail('Random or Disabled');
  const uid = cursor.at('metadata').text('uid');
  return { ...DEFAULTS, uid, isTold: true, externalSnat: known && policy === 'Disabled' };
}

/** What is known when no DaemonSet is described: the plugin's defaults. */
const DEFAULTS: AwsNodeSettings = {
  uid: null,
  isTold: false,
  externalSnat: false,
  excludedCidrs: [],
  strictBranches: true,
  v4Egress: true,
  v6Egress: false,
};

/**
 * One answer for all clusters of an inventory. Where they differ, what leaves more pods possible: translated unless all
 * say external, excluded only what all exclude, branches exempt only where all are strict,
 * the other address family reached where any gives it.
 */
export function joinAwsNodes(described: readonly AwsNodeSettings[]): AwsNodeSettings {
  // of two descriptions of one object the first counts
  const all = described.filter(({ uid }, i) => described.findIndex((other) => other.uid === uid) === i);
  const [first] = all;
  if (first === undefined) return DEFAULTS;
  const same = (a: Cidr, b: Cidr): boolean => a.length === b.length && a.words.join() === b.words.join();
  // what a node does for the other address family says nothing of source NAT within one
  const settingsOf = ({ externalSnat, excludedCidrs, strictBranches }: AwsNodeSettings): string =>
    JSON.stringify({ externalSnat, excludedCidrs, strictBranches });
  return {
    uid: first.uid,
    isTold: all.every((one) => settingsOf(one) === settingsOf(first)),
    externalSnat: all.every(({ externalSnat }) => externalSnat),
    excludedCidrs: first.excludedCidrs.filter((cidr) =>
      all.every(({ excludedCidrs }) => excludedCidrs.some((other) => same(cidr, other))),
    ),
    strictBranches: all.every(({ strictBranches }) => strictBranches),
    v4Egress: all.some(({ v4Egress }) => v4Egress),
    v6Egress: all.some(({ v6Egress }) => v6Egress),
  };
}
