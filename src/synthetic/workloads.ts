import type { WorldOptions } from './options.ts';
import { drawRank, element, Random, zipfTable } from './random.ts';
import type { Workload } from './world.ts';

type Draft = Omit<Workload, 'firstReplica' | 'templateHash'>;

const NAMESPACES = ['shop', 'search', 'media', 'auth', 'data', 'ads', 'mobile', 'partner'] as const;
const NOUNS = [
  'web',
  'api',
  'cart',
  'index',
  'feed',
  'session',
  'worker',
  'render',
  'catalog',
  'gateway',
  'profile',
  'price',
] as const;
const APP_WORKLOADS_MAX = 400;
const PODS_PER_WORKLOAD = 6;
/** Branch interfaces a trunk of the usual instance sizes carries. */
const BRANCHES_PER_TRUNK = 50;

const PLAIN = {
  kind: 'Deployment',
  protocol: 6,
  port: 0,
  declared: true,
  service: null,
  nodePort: 0,
  churns: false,
  branch: false,
  hostNetwork: false,
} as const;

/** HostNetwork daemons: one pod a node. */
const DAEMONS: readonly { readonly name: string; readonly namespace: string; readonly port: number }[] = [
  { name: 'aws-node', namespace: 'kube-system', port: 61678 },
  { name: 'kube-proxy', namespace: 'kube-system', port: 10249 },
  { name: 'node-exporter', namespace: 'monitoring', port: 9100 },
];

/** The parts every cluster has, of at most `options.pods` pods in all. */
function platform(pods: number, trunks: number): Draft[] {
  const share = (part: number, max: number): number => Math.max(1, Math.min(max, Math.round(pods * part)));
  const branchMax = Math.max(1, trunks * BRANCHES_PER_TRUNK);
  return [
    {
      ...PLAIN,
      namespace: 'payments',
      name: 'ledger',
      replicas: share(0.03, branchMax),
      port: 8443,
      service: 'ClusterIP',
      branch: true,
    },
    {
      ...PLAIN,
      namespace: 'kube-system',
      name: 'coredns',
      replicas: share(0.01, 50),
      protocol: 17,
      port: 53,
      service: 'ClusterIP',
    },
    {
      ...PLAIN,
      namespace: 'edge',
      name: 'ingress-gateway',
      replicas: share(0.02, 200),
      port: 8080,
      service: 'LoadBalancer',
      nodePort: 31080,
    },
    { ...PLAIN, namespace: 'edge', name: 'console', replicas: 1, port: 8088, service: 'NodePort', nodePort: 32088 },
    {
      ...PLAIN,
      namespace: 'monitoring',
      name: 'statsd',
      replicas: 1,
      protocol: 17,
      port: 8125,
      service: 'ClusterIP',
      kind: 'StatefulSet',
    },
    {
      ...PLAIN,
      namespace: 'monitoring',
      name: 'prometheus',
      replicas: 1,
      port: 9090,
      service: 'ClusterIP',
      kind: 'StatefulSet',
    },
    { ...PLAIN, namespace: 'data', name: 'report', replicas: share(0.03, 500), kind: 'Job', churns: true },
  ];
}

function applications(random: Random, pods: number): Draft[] {
  const count = Math.min(APP_WORKLOADS_MAX, Math.max(1, Math.round(pods / PODS_PER_WORKLOAD)));
  const sizes = new Array<number>(count).fill(0);
  const popularity = zipfTable(count, 0.7);
  for (let pod = 0; pod < pods; pod++) {
    const rank = pod < count ? pod : drawRank(random, popularity);
    sizes[rank] = (sizes[rank] ?? 0) + 1;
  }
  return sizes.map((replicas, i): Draft => {
    const round = Math.floor(i / (NAMESPACES.length * NOUNS.length));
    const noun = element(NOUNS, (i * 5 + (i >> 3)) % NOUNS.length);
    const name = round === 0 ? noun : `${noun}-${round + 1}`;
    const stateful = random.chance(0.15);
    const served = random.chance(0.9);
    // most declare their port; the others still have a Service that names it, or nothing
    return {
      ...PLAIN,
      namespace: element(NAMESPACES, i % NAMESPACES.length),
      name: `${name}-${i}`,
      kind: stateful ? 'StatefulSet' : 'Deployment',
      port: served ? element([8080, 8081, 8443, 8000, 9090, 6379, 9092, 5672], random.below(8)) : 0,
      declared: random.chance(0.85),
      service: served && random.chance(0.8) ? 'ClusterIP' : null,
      replicas,
      churns: random.chance(0.4),
    };
  });
}

/** The cluster's workloads; the replicas of those with addresses of their own add up to `options.pods`. */
export function planWorkloads(options: WorldOptions, trunks: number): readonly Workload[] {
  const random = new Random(options.seed, 1);
  const drafts: Draft[] = [];
  let left = options.pods;
  for (const draft of platform(options.pods, trunks)) {
    if (left === 0) break;
    const replicas = Math.min(left, draft.replicas);
    drafts.push({ ...draft, replicas });
    left -= replicas;
  }
  if (left > 0) drafts.push(...applications(random, left));
  for (const daemon of DAEMONS) {
    drafts.push({ ...PLAIN, ...daemon, kind: 'DaemonSet', hostNetwork: true, replicas: options.nodes });
  }
  let firstReplica = 0;
  return drafts.map((draft) => {
    const churns = draft.churns || (options.lifeSeconds != null && !draft.branch && !draft.hostNetwork);
    const workload = { ...draft, churns, firstReplica, templateHash: random.hex(10) };
    firstReplica += draft.replicas;
    return workload;
  });
}
