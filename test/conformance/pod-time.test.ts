import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { inventoryFromDocuments } from '../../src/inventory/load.ts';
import { parseAddress } from '../../src/model/ip.ts';
import { openAddressBook } from '../../src/pods/holders.ts';
import { instantAt, podObject, T0 } from '../support/history.ts';
import { sourceOf } from '../support/source-document.ts';

/** Sources that contradict each other about one address: the table of SEMANTICS.md, "Where intervals come from". */
interface TimeCase {
  readonly id: string;
  /** Rows `pod,node,start,end` of a CSV; seconds after T0, empty = not said. */
  readonly rows?: readonly string[];
  /** Pods of a list: name, second of its start (null = not said), second of its end. */
  readonly listed?: readonly (readonly [string, number | null, number?])[];
  /** `pod start end`, `-` = open. */
  readonly wanted: readonly string[];
  /** Who it is at seconds after T0. */
  readonly at: Readonly<Record<number, string>>;
}

const CASES: readonly TimeCase[] = [
  { id: 'T01', rows: ['a,,0,100', 'a,,100,200'], wanted: ['a 0 200'], at: { 100: 'exact a' } },
  { id: 'T02', rows: ['a,,0,100', 'a,,0,200'], wanted: ['a 0 100'], at: { 99: 'exact a', 170: 'none' } },
  { id: 'T03', rows: ['a,n1,0,100', 'a,,100,200'], wanted: ['a 0 200'], at: { 150: 'exact a' } },
  {
    id: 'T04',
    rows: ['a,,0,200', 'b,,100,300'],
    wanted: ['a 0 100', 'b 100 300'],
    at: { 99: 'exact a', 100: 'exact b' },
  },
  {
    id: 'T05',
    rows: ['a,,0,100', 'b,,0,200'],
    wanted: ['a 0 100', 'b 0 200'],
    at: { 50: 'candidates a b', 100: 'exact b' },
  },
  {
    id: 'T06',
    rows: ['b,,100,200'],
    listed: [['a', 0]],
    wanted: ['a 0 100', 'b 100 200'],
    at: { 99: 'exact a', 250: 'candidates b' },
  },
  {
    id: 'T07',
    rows: ['b,,100,200'],
    listed: [['a', 150]],
    wanted: ['b 100 200', 'a 200 -'],
    at: { 199: 'exact b', 200: 'exact a' },
  },
  { id: 'T08', rows: ['b,,100,'], listed: [['a', 150, 300]], wanted: ['b 100 -'], at: { 200: 'exact b' } },
  {
    id: 'T09',
    rows: ['a,,50,'],
    listed: [['a', 0, 200]],
    wanted: ['a 50 200'],
    at: { 20: 'none', 46: 'candidates a', 199: 'exact a' },
  },
  {
    id: 'T10',
    listed: [
      ['a', 0],
      ['b', 300],
    ],
    wanted: ['a 0 300', 'b 300 -'],
    at: { 299: 'exact a', 300: 'exact b' },
  },
  {
    id: 'T11',
    listed: [
      ['a', null],
      ['b', null],
    ],
    wanted: ['a - -', 'b - -'],
    at: { 0: 'candidates a b' },
  },
];

const ADDRESS = '10.0.1.11';

function documents({ rows = [], listed = [] }: TimeCase) {
  const shown = (cell = ''): string => (cell === '' ? '' : String(T0 + Number(cell)));
  const csv = rows
    .map((row) => row.split(','))
    .map(([pod, node, start, end]) => {
      return `${ADDRESS},shop,${pod},${node},,${shown(start)},${shown(end)}`;
    });
  const pods = listed.map(([name, start, end], i) => {
    const pod = podObject({ uid: `u${i}`, name }, ADDRESS, start === null ? {} : { start });
    if (end === undefined) return pod;
    const { status } = pod as { status: object };
    const terminated = { finishedAt: instantAt(end) };
    return { ...pod, status: { ...status, phase: 'Succeeded', containerStatuses: [{ state: { terminated } }] } };
  });
  const node = { kind: 'Node', metadata: { name: 'n1' }, spec: { providerID: 'aws:///az/i-1' }, status: {} };
  return [
    { file: 'vpcs.json', content: { Vpcs: [{ VpcId: 'vpc-1', CidrBlock: '10.0.0.0/16' }] } },
    {
      file: 'enis.json',
      content: {
        NetworkInterfaces: [
          {
            NetworkInterfaceId: 'eni-1',
            VpcId: 'vpc-1',
            PrivateIpAddress: '10.0.1.10',
            PrivateIpAddresses: [{ PrivateIpAddress: '10.0.1.10', Primary: true }, { PrivateIpAddress: ADDRESS }],
            Attachment: { InstanceId: 'i-1', DeviceIndex: 0 },
          },
        ],
      },
    },
    { file: 'cluster.json', content: { kind: 'List', items: [node, ...pods] } },
    {
      file: 'pods.csv',
      content: ['ip,namespace,pod,node,workload,start,end', ...csv].map((row) => `${row}\n`).join(''),
    },
  ];
}

test.each(CASES)('$id', (one) => {
  const { versions } = inventoryFromDocuments(documents(one).map(sourceOf));
  const [inventory] = versions;
  const address = parseAddress(ADDRESS);
  if (inventory === undefined || address === undefined) throw new Error('no inventory');
  const book = openAddressBook(inventory);
  const second = (time: number | null): string => (time === null ? '-' : String(time - T0));
  const held = book.historyOf(address, null)[0]?.holders ?? [];
  expect(held.map(({ pod, start, end }) => `${pod} ${second(start)} ${second(end)}`)).toEqual(one.wanted);
  for (const [time, wanted] of Object.entries(one.at)) {
    const answer = book.historyOf(address, T0 + Number(time))[0]?.answer;
    const names = (answer?.pods ?? []).map((name) => name.replace('shop/', ''));
    expect([answer?.attribution, ...names].join(' '), `at ${time}`).toBe(wanted);
  }
});

test('SEMANTICS.md lists every case', () => {
  const text = readFileSync(new URL('../../SEMANTICS.md', import.meta.url), 'utf8');
  expect([...text.matchAll(/^\| (T\d\d) /gm)].map(([, id]) => id)).toEqual(CASES.map(({ id }) => id));
});
