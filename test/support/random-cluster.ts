import type { Dice } from './dice.ts';
import type { DrawnEni } from './random-interfaces.ts';
import { EPOCH, PORTS } from './random-network.ts';

export function nodeDocument(name: string, instanceId: string): object {
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
    const ip = carrier === null ? ((branch ?? enis[0])?.primary ?? '') : dice.pick(carrier.podAddresses);
    const six = carrier !== null && carrier.podAddresses6.length > 0 ? [{ ip: dice.pick(carrier.podAddresses6) }] : [];
    const start = EPOCH + 100 * dice.below(10);
    const ended = dice.below(3) === 0;
    const finishedAt = instantText(start + 100 * (1 + dice.below(4)));
    const onFirstNode = hostNetwork || carrier === enis[0] || carrier === enis[1];
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
        ...(onFirstNode ? { nodeName: 'node-1' } : {}),
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
    const node = carrier === enis[0] || carrier === enis[1] ? dice.pick(['node-1', '']) : '';
    const start = EPOCH + 100 * dice.below(8);
    const end = dice.below(4) === 0 ? '' : String(start + 100 * (1 + dice.below(4)));
    return `${dice.pick(carrier.podAddresses)},ns,old-${dice.below(6)},${node},Deployment/old,${start},${end}`;
  });
  return `${['ip,namespace,pod,node,workload,start,end', ...rows].join('\n')}\n`;
}
