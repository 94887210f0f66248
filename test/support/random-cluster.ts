import type { Dice } from './dice.ts';
import type { DrawnEni } from './random-interfaces.ts';
import { EPOCH, PORTS } from './random-network.ts';

/** Addresses that no interface holds: pods there are younger than what describes the interfaces. */
const UNHELD_IN = { 'vpc-a': ['10.0.1.201', '10.0.2.202', '100.64.3.203'], 'vpc-b': ['172.16.1.204'] } as const;
export const UNHELD: readonly string[] = Object.values(UNHELD_IN).flat();
/** Nodes of a VPC: a list may put a pod where its address is not, though hardly into another VPC. */
const NODES_IN = { 'vpc-a': ['node-1', 'node-3'], 'vpc-b': ['node-2'] } as const;

/** The first node always; of the others somebody may have left out the documents. */
export function nodeDocuments(dice: Dice): object[] {
  const names = ['node-1', ...['node-2', 'node-3'].filter(() => dice.below(2) === 0)];
  return names.map((name) => nodeDocument(name, name.replace('node', 'i')));
}

function nodeDocument(name: string, instanceId: string): object {
  return { kind: 'Node', metadata: { name }, spec: { providerID: `aws:///us-east-1a/${instanceId}` }, status: {} };
}

function instantText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}

/** Pods at addresses of nodes, on the host network, or on branch interfaces; running or ended. */
export function podDocuments(dice: Dice, enis: readonly DrawnEni[]): object[] {
  const carriers = enis.filter(({ podAddresses }) => podAddresses.length > 0);
  const branches = enis.filter(({ isBranch }) => isBranch);
  return Array.from({ length: dice.below(8) }, (_, i) => {
    const hostNetwork = carriers.length === 0 || dice.below(6) === 0;
    const branch = !hostNetwork && branches.length > 0 && dice.below(4) === 0 ? dice.pick(branches) : null;
    const carrier = hostNetwork || branch !== null ? null : dice.pick(carriers);
    const held = carrier === null ? ((branch ?? enis[0])?.primary ?? '') : dice.pick(carrier.podAddresses);
    const ip = carrier !== null && dice.below(10) === 0 ? dice.pick<string>(UNHELD_IN[carrier.vpc]) : held;
    const six = carrier !== null && carrier.podAddresses6.length > 0 ? [{ ip: dice.pick(carrier.podAddresses6) }] : [];
    const start = EPOCH + 100 * dice.below(10);
    const ended = dice.below(3) === 0;
    const finishedAt = instantText(start + 100 * (1 + dice.below(4)));
    const onFirstNode = hostNetwork || carrier === enis[0] || carrier === enis[1];
    const anyNode = dice.pick<string>(NODES_IN[(branch ?? carrier ?? enis[0])?.vpc ?? 'vpc-a']);
    const nodeName = dice.below(5) === 0 ? anyNode : onFirstNode ? 'node-1' : null;
    return {
      kind: 'Pod',
      metadata: {
        name: `pod-${i}`,
        namespace: dice.pick(['shop', 'sys']),
        uid: `uid-${i}`,
        labels: { app: `a${i % 3}` },
        ...(branch === null
          ? {}
          : { annotations: { 'vpc.amazonaws.com/pod-eni': JSON.stringify([{ eniId: branch.id }]) } }),
      },
      spec: {
        ...(nodeName === null ? {} : { nodeName }),
        ...(hostNetwork ? { hostNetwork: true } : {}),
        containers: [{ name: 'main', ports: [containerPort(dice)] }],
      },
      status: {
        phase: ended ? 'Succeeded' : 'Running',
        podIP: ip,
        podIPs: [{ ip }, ...six],
        ...(dice.below(5) === 0 ? {} : { startTime: instantText(start) }),
        ...(ended ? { containerStatuses: [{ state: { terminated: { finishedAt } } }] } : {}),
      },
    };
  });
}

function containerPort(dice: Dice): object {
  const port = { name: 'http', containerPort: dice.pick(PORTS), protocol: dice.pick(['TCP', 'UDP']) };
  return dice.below(4) === 0 ? { ...port, hostPort: dice.pick(PORTS) } : port;
}

export function serviceDocuments(dice: Dice): object[] {
  return [0, 1].map((i) => ({
    kind: 'Service',
    metadata: { name: `svc-${i}`, namespace: 'shop' },
    spec: {
      selector: { app: `a${i}` },
      ports: [
        { port: 80, protocol: 'TCP', targetPort: dice.pick<number | string>(['http', 8080]), nodePort: 30_080 + i },
      ],
    },
  }));
}

/** Intervals of one address that follow, leave gaps, touch, or run into each other. */
export function historyText(dice: Dice, enis: readonly DrawnEni[]): string {
  const carriers = enis.filter(({ podAddresses }) => podAddresses.length > 0);
  const rows = Array.from({ length: carriers.length === 0 ? 0 : dice.below(10) }, () => {
    const carrier = dice.pick(carriers);
    const onFirstNode = carrier === enis[0] || carrier === enis[1];
    // no pod moves: what is said of the last one's node is the same in all rows
    const pod = dice.below(6);
    const isMisplaced = pod === 5 && carrier.vpc === 'vpc-a';
    const node = isMisplaced ? 'node-3' : onFirstNode && pod < 5 ? dice.pick(['node-1', '']) : '';
    const start = EPOCH + 100 * dice.below(8);
    const end = dice.below(4) === 0 ? '' : String(start + 100 * (1 + dice.below(4)));
    return `${dice.pick(carrier.podAddresses)},ns,old-${pod},${node},Deployment/old,${start},${end}`;
  });
  return `${['ip,namespace,pod,node,workload,start,end', ...rows].join('\n')}\n`;
}
