import type { OracleDocument, OracleRecord } from '../oracle/oracle.ts';
import type { Dice } from './dice.ts';

/** Fields of the records: the default format with what other records of the same log may show besides. */
export const PAIRING_FIELDS = [
  ...['version', 'account-id', 'interface-id', 'srcaddr', 'dstaddr', 'srcport', 'dstport', 'protocol', 'packets'],
  ...['bytes', 'start', 'end', 'action', 'log-status', 'tcp-flags', 'pkt-srcaddr', 'pkt-dstaddr'],
];

interface Place {
  readonly id: string;
  /** The primary one first. */
  readonly addresses: readonly string[];
  readonly raw: object;
}

/**
 * Three nodes (one with a second interface and a delegated prefix), a database, a NAT gateway, a pod's own interface.
 */
const PLACES: readonly Place[] = [
  { id: 'eni-1', addresses: ['10.0.0.11', '10.0.0.12', '10.0.0.13'], raw: onInstance('i-1', 0) },
  {
    id: 'eni-2',
    addresses: ['10.0.0.21', '10.0.1.16', '10.0.1.31'],
    raw: { ...onInstance('i-1', 1), Description: 'aws-K8S-i-1', Ipv4Prefixes: [{ Ipv4Prefix: '10.0.1.16/28' }] },
  },
  { id: 'eni-3', addresses: ['10.0.0.31', '10.0.0.32'], raw: onInstance('i-2', 0) },
  { id: 'eni-4', addresses: ['10.0.0.41'], raw: onInstance('i-3', 0) },
  { id: 'eni-5', addresses: ['10.0.0.51'], raw: { InterfaceType: 'interface', Description: 'RDSNetworkInterface' } },
  {
    id: 'eni-6',
    addresses: ['10.0.0.61'],
    raw: { InterfaceType: 'nat_gateway', Description: 'Interface for NAT Gateway nat-1' },
  },
];
const NAT = PLACES[5] ?? PLACES[0];
const OUTSIDE = ['203.0.113.1', '203.0.113.2'] as const;
const PORTS = [53, 443, 8080, 20_000, 40_000, 40_001] as const;

/** The second around which everything happens: next to it a time slot of the table ends (a multiple of 1,024). */
const EPOCH = 1_700_000_768;

function onInstance(InstanceId: string, DeviceIndex: number): object {
  return { Attachment: { InstanceId, DeviceIndex, NetworkCardIndex: 0 } };
}

function interfaceDocument({ id, addresses, raw }: Place): object {
  const listed = 'Ipv4Prefixes' in raw ? addresses.slice(0, 1) : addresses;
  return {
    NetworkInterfaceId: id,
    VpcId: 'vpc-a',
    SubnetId: 'subnet-a',
    PrivateIpAddress: addresses[0],
    PrivateIpAddresses: listed.map((PrivateIpAddress, i) => ({ PrivateIpAddress, Primary: i === 0 })),
    ...raw,
  };
}

function nodeDocument(n: number): object {
  const status = { addresses: [{ type: 'InternalIP', address: `10.0.0.${n}1` }] };
  return { kind: 'Node', metadata: { name: `n${n}` }, spec: { providerID: `aws:///z/i-${n}` }, status };
}

const at = (second: number): string => new Date(second * 1000).toISOString();

/** Pods with and without ports; some addresses nobody holds, some change hands within the records' windows. */
function podDocuments(dice: Dice): object[] {
  const held = PLACES.slice(0, 3).flatMap(({ addresses }) => addresses.slice(1));
  const pods = held.flatMap((ip, i) => {
    const draw = dice.below(4);
    if (draw === 0) return [];
    const change = EPOCH + dice.pick([-200, -60, 0, 30, 55, 60]);
    // only pods that are there all the time listen: whose ports count behind a hidden side is another test's matter
    const ports = draw === 3 || dice.below(2) === 0 ? [] : [{ containerPort: dice.pick(PORTS) }];
    const spec = { nodeName: `n${i < 4 ? 1 : 2}`, containers: [{ name: 'c', ports }] };
    const pod = (name: string, status: object): object => ({
      kind: 'Pod',
      metadata: { name, namespace: 'shop', uid: name },
      spec,
      status: { podIP: ip, phase: 'Running', ...status },
    });
    if (draw < 3) return [pod(`p${i}`, { startTime: at(EPOCH - 5000) })];
    const ended = [{ name: 'c', state: { terminated: { finishedAt: at(change) } } }];
    return [
      pod(`p${i}-old`, { startTime: at(EPOCH - 5000), phase: 'Succeeded', containerStatuses: ended }),
      pod(`p${i}-new`, { startTime: at(change + dice.pick([0, 1, 30])) }),
    ];
  });
  const host = {
    kind: 'Pod',
    metadata: { name: 'agent', namespace: 'kube-system', uid: 'agent' },
    spec: { nodeName: 'n2', hostNetwork: true, containers: [{ name: 'c', ports: [{ containerPort: 8080 }] }] },
    status: { podIP: '10.0.0.31', hostIP: '10.0.0.31', phase: 'Running', startTime: at(EPOCH - 5000) },
  };
  return dice.below(2) === 0 ? pods : [...pods, host];
}

export interface PairingWorld {
  readonly documents: readonly OracleDocument[];
  readonly records: readonly OracleRecord[];
}

export function pairingWorld(dice: Dice, flows: number): PairingWorld {
  const list = (items: readonly object[]): object => ({ apiVersion: 'v1', kind: 'List', items });
  const contents: Readonly<Record<string, object>> = {
    vpcs: { Vpcs: [{ VpcId: 'vpc-a', CidrBlock: '10.0.0.0/16' }] },
    subnets: { Subnets: [{ SubnetId: 'subnet-a', VpcId: 'vpc-a', CidrBlock: '10.0.0.0/20' }] },
    interfaces: { NetworkInterfaces: PLACES.map(interfaceDocument) },
    nodes: list([1, 2, 3].map(nodeDocument)),
    pods: list(podDocuments(dice)),
  };
  const documents = Object.entries(contents).map(([name, content]) => ({ file: `${name}.json`, content }));
  const records = Array.from({ length: flows }, () => flowRecords(dice)).flat();
  return { documents, records: dice.shuffle(records) };
}

interface End {
  readonly place: Place | null;
  readonly address: string;
  readonly port: number;
}

/** What interfaces log of one flow: both ends or one, both ways or one, in windows that touch, nearly or not at all. */
function flowRecords(dice: Dice): OracleRecord[] {
  const end = (): End => {
    const port = dice.pick(PORTS);
    if (dice.below(6) === 0) return { place: null, address: dice.pick(OUTSIDE), port };
    const place = dice.pick(PLACES);
    return { place, address: dice.pick(place.addresses), port };
  };
  const [a, b] = [end(), end()];
  const protocol = dice.pick(['6', '6', '6', '17', '1']);
  const records: OracleRecord[] = [];
  for (const [src, dst] of [
    [a, b],
    [b, a],
  ] as const) {
    for (const own of [src, dst]) {
      if (own.place === null || src.place === dst.place || dice.below(5) === 0) continue;
      records.push(record(dice, own, src, dst, protocol));
    }
    // the client's half of what goes through the NAT gateway
    const goesOut = src.place !== null && src.place !== NAT && dst.place === null;
    const comesBack = dst.place !== null && dst.place !== NAT && src.place === null;
    const nat: End = { place: NAT ?? null, address: '10.0.0.61', port: goesOut ? dst.port : src.port };
    if (goesOut && dice.below(2) === 0) records.push(record(dice, nat, src, nat, protocol));
    if (comesBack && dice.below(2) === 0) records.push(record(dice, nat, nat, dst, protocol));
  }
  return records;
}

function record(dice: Dice, own: End, src: End, dst: End, protocol: string): OracleRecord {
  const primary = own.place?.addresses[0] ?? '';
  const start = EPOCH + dice.pick([-300, -121, -61, -60, -1, 0, 0, 0, 1, 59, 60, 61, 120, 121, 122, 256, 1100]);
  const shown = (end: End): string => (end === own ? primary : end.address);
  const packet = dice.below(6) === 0;
  return {
    version: '5',
    'account-id': '111122223333',
    'interface-id': own.place?.id ?? 'eni-elsewhere',
    srcaddr: shown(src),
    dstaddr: shown(dst),
    srcport: String(protocol === '1' ? 0 : src.port),
    dstport: String(protocol === '1' ? 0 : dst.port),
    protocol,
    packets: '1',
    bytes: '60',
    start: dice.below(40) === 0 ? '-' : String(start),
    end: dice.below(20) === 0 ? '-' : String(start + dice.pick([0, 1, 30, 59, 60, 60, 600, -5, 3600, 3601])),
    action: dice.pick(['ACCEPT', 'ACCEPT', 'ACCEPT', 'REJECT']),
    'log-status': 'OK',
    'tcp-flags': dice.pick(['-', '-', '-', '-', '0', '2', '18', '19']),
    'pkt-srcaddr': packet ? src.address : '-',
    'pkt-dstaddr': packet ? dst.address : '-',
  };
}
