import type { OracleRecord } from '../oracle/oracle.ts';
import type { Dice } from './dice.ts';
import { VPCS } from './random-network.ts';
import type { RandomWorld } from './random-world.ts';

const DEFAULT_FIELDS = [
  ...['version', 'account-id', 'interface-id', 'srcaddr', 'dstaddr', 'srcport', 'dstport', 'protocol', 'packets'],
  ...['bytes', 'start', 'end', 'action', 'log-status'],
];
const LATER_FIELDS = [
  ...['tcp-flags', 'pkt-srcaddr', 'pkt-dstaddr', 'flow-direction', 'pkt-src-aws-service', 'pkt-dst-aws-service'],
  ...['reject-reason', 'vpc-id'],
];

/** The default format, everything, or everything but a few fields. */
export function randomFields(dice: Dice): readonly string[] {
  const choice = dice.below(6);
  if (choice === 0) return DEFAULT_FIELDS;
  const all = [...DEFAULT_FIELDS, ...LATER_FIELDS];
  if (choice > 1) return all;
  const missing = dice.shuffle(all.slice(3)).slice(0, 1 + dice.below(3));
  return dice.shuffle(all.filter((name) => !missing.includes(name)));
}

/** One record of a world: an interface of it, one side its own, the other anything; values on the edges of rules. */
export function randomRecord(dice: Dice, world: RandomWorld): OracleRecord {
  const eni = dice.pick(world.enis);
  const six = eni.all6.length > 0 && dice.below(4) === 0;
  const pool = six ? world.addresses6 : world.addresses4;
  // now and then an interface logs as its own what another one is said to hold
  const own = dice.pick(dice.below(12) === 0 ? pool : six ? eni.all6 : eni.all4);
  const local = six || dice.below(3) > 0 ? own : eni.primary;
  const remote = dice.pick(pool);
  const egress = dice.below(2) === 0;
  const [src, dst] =
    dice.below(25) === 0 ? [dice.pick(pool), dice.pick(pool)] : egress ? [local, remote] : [remote, local];
  const shown = (at: string, mine: boolean): string => (mine && !six ? eni.primary : at);
  const packet = dice.below(3) > 0;
  const start = dice.pick(world.instants) + dice.pick([-1, 0, 0, 1, 50]);
  const optional = (text: string, oneIn: number): string => (dice.below(oneIn) === 0 ? text : '-');
  return {
    version: '5',
    'account-id': '111122223333',
    'interface-id': dice.below(20) === 0 ? 'eni-elsewhere' : eni.id,
    srcaddr: packet ? shown(src, egress) : src,
    dstaddr: packet ? shown(dst, !egress) : dst,
    srcport: String(dice.pick(world.ports)),
    dstport: String(dice.pick(world.ports)),
    protocol: dice.pick(['6', '6', '6', '17', '17', six ? '58' : '1', '47', '4']),
    packets: '3',
    bytes: '180',
    start: String(start),
    end: String(start + dice.pick([0, 1, 50, 99, 100, 101, 600, -10])),
    action: dice.pick(['ACCEPT', 'ACCEPT', 'ACCEPT', 'REJECT', '-']),
    'log-status': 'OK',
    'tcp-flags': dice.pick(['-', '-', '0', '1', '2', '3', '4', '16', '18', '19', '24']),
    'pkt-srcaddr': packet ? src : '-',
    'pkt-dstaddr': packet ? dst : '-',
    'flow-direction': dice.below(4) === 0 ? '-' : egress ? 'egress' : 'ingress',
    'pkt-src-aws-service': optional('S3', 8),
    'pkt-dst-aws-service': optional('AMAZON', 8),
    'reject-reason': optional(dice.pick(['BPA', 'EC']), 6),
    'vpc-id': dice.pick([...VPCS.map(({ id }) => id), 'vpc-of-others', '-']),
  };
}
