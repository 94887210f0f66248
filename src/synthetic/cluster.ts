import { strict as assert } from 'node:assert';
import { Kind } from '../model/verdict.ts';
import { PREFIX_ADDRESSES } from './addresses.ts';
import { COOLDOWN_SECONDS, liveOut, type Slots } from './lifetimes.ts';
import { addEni, addFixtures, type Draft, privateDnsName, startDraft, subnetIn } from './network.ts';
import { checkWorldOptions, type WorldOptions } from './options.ts';
import { CLUSTER, SPAN_START, ZONES } from './plan.ts';
import { element, Random } from './random.ts';
import type { Tier } from './security.ts';
import { planWorkloads } from './workloads.ts';
import type { Node, NodeMode, Workload, World } from './world.ts';

/** Secondary addresses on one interface of the usual instance sizes. */
const SECONDARY_PER_ENI = 14;
/** Beyond this many nodes the VPC's first block would run out of addresses for pods. */
const MIXED_NODES_MAX = 300;
/** Spare addresses of a node over its share of pods: warm pool, and room for pods that move. */
const SPARE_SHARE = 0.35;
const SPARE_MIN = 4;

const MODES: readonly NodeMode[] = [
  'trunk',
  'custom',
  'prefix',
  'secondary',
  'secondary',
  'custom',
  'prefix',
  'secondary',
];

function modeOf(index: number): NodeMode {
  return index < MIXED_NODES_MAX ? element(MODES, index % MODES.length) : 'custom';
}

/** Makes account, cluster and the lives of all pods; pure: equal options, equal world. */
export function generateWorld(options: WorldOptions): World {
  checkWorldOptions(options);
  const random = new Random(options.seed, 0);
  const lifeSeconds = options.lifeSeconds ?? null;
  // addresses that rest are not there for others
  const resting = lifeSeconds === null ? 0 : (2 * COOLDOWN_SECONDS) / lifeSeconds;
  const slotsPerNode = Math.ceil((options.pods / options.nodes) * (1 + SPARE_SHARE + resting)) + SPARE_MIN;
  const modes = Array.from({ length: options.nodes }, (_, i) => modeOf(i));
  const trunks = modes.filter((mode) => mode === 'trunk').length;
  const customNodes = modes.filter((mode) => mode === 'custom').length;
  const draft = startDraft(random, customNodes * (slotsPerNode + Math.ceil(slotsPerNode / SECONDARY_PER_ENI)));
  const fixtures = addFixtures(draft);
  const slots: Slots = { address: [], eni: [], freeAt: [], nodeFirst: [0] };
  const nodes = modes.map((mode, i) => addNode(draft, slots, mode, i, slotsPerNode));
  const workloads = planWorkloads(options, trunks);
  const startSeconds = SPAN_START;
  const endSeconds = startSeconds + Math.round(options.hours * 3600);
  const branches = branchSlots(draft, nodes, workloads);
  const lives = liveOut(new Random(options.seed, 2), {
    nodes,
    workloads,
    enis: draft.enis,
    slots,
    branches,
    startSeconds,
    endSeconds,
    lifeSeconds,
  });
  return {
    options,
    startSeconds,
    endSeconds,
    ids: draft.ids,
    vpcBlocks: draft.vpcBlocks,
    subnets: draft.subnets,
    enis: draft.enis,
    nodes,
    workloads,
    lives,
    fixtures: {
      ...fixtures,
      idle: [...fixtures.idle, ...nodes.flatMap((node) => (node.trunkEni < 0 ? [] : [node.trunkEni]))],
    },
  };
}

/** A node with its interfaces; the addresses it can give to pods become slots. */
function addNode(draft: Draft, slots: Slots, mode: NodeMode, index: number, slotCount: number): Node {
  const zone = index % ZONES.length;
  const instanceId = `i-0${draft.random.hex(16)}`;
  const owned = [
    [`kubernetes.io/cluster/${CLUSTER}`, 'owned'],
    ['node.k8s.amazonaws.com/instance_id', instanceId],
  ] as const;
  const attached = (deviceIndex: number, description: string, interfaceType = 'interface'): number => {
    const custom = mode === 'custom' && deviceIndex > 0;
    return addEni(draft, {
      subnet: subnetIn(draft, custom ? 'pod' : 'private', zone, index),
      tier: (custom ? 'custom' : 'node') satisfies Tier,
      kind: Kind.node,
      node: index,
      instanceId,
      deviceIndex,
      interfaceType,
      description,
      tags: deviceIndex === 0 ? [owned[0]] : [...owned, ['eks:eni:owner', 'amazon-vpc-cni']],
    });
  };
  const primaryEni = attached(0, '');
  const trunkEni = mode === 'trunk' ? attached(15, 'aws-k8s-trunk-eni', 'trunk') : -1;
  const give = (eni: number, address: number): void => {
    slots.address.push(address);
    slots.eni.push(eni);
    slots.freeAt.push(0);
  };
  if (mode === 'prefix') addPrefixes(draft, primaryEni, slotCount, give);
  else {
    let eni = primaryEni;
    for (let given = 0; given < slotCount; given++) {
      const device = Math.floor(given / SECONDARY_PER_ENI) + (mode === 'custom' ? 1 : 0);
      if (device > 0 && given % SECONDARY_PER_ENI === 0) eni = attached(device, `aws-K8S-${instanceId}`);
      const address = addressOn(draft, eni);
      element(draft.enis, eni).secondary.push(address);
      give(eni, address);
    }
  }
  slots.nodeFirst.push(slots.address.length);
  return {
    name: privateDnsName(element(draft.enis, primaryEni).primary),
    instanceId,
    zone,
    mode,
    primaryEni,
    trunkEni,
  };
}

function addressOn(draft: Draft, eni: number): number {
  return element(draft.pools, element(draft.enis, eni).subnet).single();
}

function addPrefixes(draft: Draft, eni: number, slotCount: number, give: (eni: number, address: number) => void): void {
  const pool = element(draft.pools, element(draft.enis, eni).subnet);
  for (let given = 0; given < slotCount; given += PREFIX_ADDRESSES) {
    const base = pool.prefix();
    element(draft.enis, eni).prefixes.push(base);
    for (let i = 0; i < PREFIX_ADDRESSES; i++) give(eni, base + i);
  }
}

/** One branch interface for each replica that asks for its own group, spread over the trunk nodes; eni indices. */
function branchSlots(draft: Draft, nodes: readonly Node[], workloads: readonly Workload[]): number[] {
  const trunks = nodes.flatMap((node, i) => (node.mode === 'trunk' ? [i] : []));
  const replicas = workloads
    .filter((workload) => workload.branch)
    .reduce((sum, workload) => sum + workload.replicas, 0);
  assert(replicas === 0 || trunks.length > 0, 'a branch interface needs a trunk node');
  return Array.from({ length: replicas }, (_, i) => {
    const index = element(trunks, i % trunks.length);
    const node = element(nodes, index);
    const trunk = element(draft.enis, node.trunkEni);
    return addEni(draft, {
      subnet: trunk.subnet,
      tier: 'payments',
      kind: Kind.pod,
      node: index,
      interfaceType: 'branch',
      description: 'aws-k8s-branch-eni',
      tags: [
        ['vpcresources.k8s.aws/trunk-eni-id', trunk.id],
        ['vpcresources.k8s.aws/vlan-id', String(1 + Math.floor(i / trunks.length))],
        ['eks:eni:owner', 'eks-vpc-resource-controller'],
        ['node.k8s.amazonaws.com/instance_id', node.instanceId],
        [`kubernetes.io/cluster/${CLUSTER}`, 'owned'],
      ],
    });
  });
}
