import type { Inventory, NetworkInterface, Peer, Selector } from '../../src/inventory/inventory.ts';
import type { Cidr } from '../../src/model/ip.ts';
import type { Dice } from './dice.ts';
import { cidr, eni, inventory, ORIGIN, prefixList, subnet, vpc } from './inventory.ts';
import type { Packet } from './packet-oracle.ts';

/** Ports where rules begin and end; the ends of the range are included. */
const PORTS = [0, 1, 22, 79, 80, 81, 443, 1023, 1024, 8080, 30000, 32767, 65534, 65535];
const LENGTHS4 = [0, 1, 7, 8, 15, 16, 17, 20, 23, 24, 25, 27, 28, 30, 31, 32, 32];
const LENGTHS6 = [0, 1, 15, 16, 17, 32, 47, 48, 63, 64, 65, 80, 96, 127, 128, 128];

/** Prefixes nest and touch; both ends of both address spaces occur. */
function someCidr(dice: Dice): Cidr {
  if (dice.below(10) < 6) {
    const base = dice.pick([0x0a00_0000, 0x0a00_ff00, 0x0a01_0000, 0xc0a8_0000, 0, 0xffff_ff00]) + dice.below(256);
    return masked({ family: 4, words: [base >>> 0], length: dice.pick(LENGTHS4) });
  }
  const words = [
    dice.pick([0x2001_0db8, 0xfd00_0000, 0, 0xffff_ffff]),
    dice.pick([0, 0x000a_0001, 0xffff_ffff]),
    dice.pick([0, 0xffff_ffff, dice.below(16) * 4096]),
    dice.pick([0, 0xffff_ffff, 0xffff_0000, dice.below(40)]),
  ] as const;
  return masked({ family: 6, words: [words[0], words[1], words[2], words[3]], length: dice.pick(LENGTHS6) });
}

function masked(block: Cidr): Cidr {
  const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = block.words.map((word, w) => {
    const size = 2 ** Math.min(32, Math.max(0, 32 - (block.length - 32 * w)));
    return Math.floor(word / size) * size;
  });
  return block.family === 4
    ? { family: 4, words: [w0], length: block.length }
    : { family: 6, words: [w0, w1, w2, w3], length: block.length };
}

function someSelector(dice: Dice): Selector {
  const protocol = dice.pick([-1, 6, 6, 6, 6, 17, 17, 1, 58, 47, 0, 255]);
  const [a, b] = [dice.pick(PORTS), dice.pick(PORTS)];
  const ports =
    dice.below(3) === 0 ? null : { from: Math.min(a, b), to: dice.below(2) === 0 ? Math.min(a, b) : Math.max(a, b) };
  return { protocol, ports, icmpType: null, icmpCode: null, valid: true };
}

function somePeer(dice: Dice, groups: readonly string[]): Peer {
  const roll = dice.below(10);
  if (roll < 6) return { kind: 'cidr', cidr: someCidr(dice) };
  if (roll < 7) return { kind: 'prefix-list', id: dice.pick(['pl-0', 'pl-1']) };
  return { kind: 'group', id: dice.pick(groups), ownerId: null, peeringStatus: null, peeringId: null };
}

function someInterface(dice: Dice, index: number, groups: readonly string[]): NetworkInterface {
  const addresses = Array.from({ length: 1 + dice.below(4) }, (_, i) => {
    if (i > 0 && dice.below(3) === 0) return `2001:db8:a:1::${(index * 8 + i).toString(16)}`;
    if (i > 0 && dice.below(4) === 0) return `10.0.255.${16 * dice.below(16)}/28`;
    return `10.0.${dice.pick([0, 0, 255])}.${dice.below(256)}`;
  });
  const held = groups.filter(() => dice.below(2) === 0);
  return eni(`eni-${index}`, addresses, held.length === 0 ? [dice.pick(groups)] : held, { subnetId: 'subnet-0' });
}

/** An account of which everything is known: `rules` rules over four groups, and a network ACL. */
export function someUniverse(dice: Dice, rules: number): Inventory {
  const groups = ['sg-0', 'sg-1', 'sg-2', 'sg-3'];
  const entries = Array.from({ length: 4 + dice.below(16) }, (_, i) => {
    const egress = dice.below(2) === 0;
    const way = egress ? 'egress' : 'ingress';
    const at = { id: `acl-0/${way}/${10 * i + 1}`, number: 10 * i + 1, egress, origin: ORIGIN };
    return { ...at, allow: dice.below(3) > 0, selector: someSelector(dice), cidr: someCidr(dice) };
  });
  const last = [false, true].flatMap((egress) =>
    ['0.0.0.0/0', '::/0'].map((text, six) => ({
      id: `acl-0/${egress ? 'egress' : 'ingress'}/*`,
      number: 32767 + six,
      egress,
      allow: false,
      selector: { protocol: -1, ports: null, icmpType: null, icmpCode: null, valid: true },
      cidr: cidr(text),
      origin: ORIGIN,
    })),
  );
  return inventory({
    vpcs: [vpc('vpc-a', ['10.0.0.0/16', '2001:db8:a::/48'])],
    subnets: [subnet('subnet-0', 'vpc-a', 'use1-az1', ['10.0.0.0/24'])],
    networkInterfaces: Array.from({ length: 6 }, (_, i) => someInterface(dice, i, groups)),
    securityGroups: groups.map((id) => ({
      id,
      vpcId: 'vpc-a',
      ownerId: '111111111111',
      origin: ORIGIN,
      rules: Array.from({ length: Math.ceil(rules / groups.length) }, (_, i) => ({
        id: `sgr-${dice.below(1000)}-${id}-${i}`,
        groupId: id,
        egress: dice.below(2) === 0,
        selector: someSelector(dice),
        peer: somePeer(dice, groups),
        origin: ORIGIN,
      })),
    })),
    networkAcls: [
      {
        id: 'acl-0',
        vpcId: 'vpc-a',
        isDefault: true,
        subnetIds: ['subnet-0'],
        entries: [...entries, ...last],
        origin: ORIGIN,
      },
    ],
    prefixLists: ['pl-0', 'pl-1'].map((id) => ({
      ...prefixList(id, []),
      cidrs: Array.from({ length: 1 + dice.below(6) }, () => someCidr(dice)),
    })),
  });
}

/** First, last, one before and one after. */
function edgesOf(block: Cidr): Pick<Packet, 'family' | 'words'>[] {
  const bits = block.family === 4 ? 32n : 128n;
  const first = block.words.reduce<bigint>((value, word) => (value << 32n) | BigInt(word), 0n);
  const last = first + (1n << (bits - BigInt(block.length))) - 1n;
  return [first - 1n, first, last, last + 1n]
    .filter((value) => value >= 0n && value < 1n << bits)
    .map((value) => {
      const word = (shift: bigint): number => Number((value >> shift) & 0xffff_ffffn);
      return {
        family: block.family,
        words: block.family === 4 ? [word(0n)] : [word(96n), word(64n), word(32n), word(0n)],
      };
    });
}

function portEdges({ protocol, ports }: Selector): readonly (readonly [protocol: number, port: number])[] {
  const own = protocol === -1 ? 6 : protocol;
  if (ports === null || (own !== 6 && own !== 17))
    return [
      [own, 0],
      [own, 65535],
      [17, 80],
      [(own + 1) & 255, 1],
    ].map(pair);
  const edges = [ports.from - 1, ports.from, ports.to, ports.to + 1].filter((port) => port >= 0 && port <= 65535);
  return [...edges.map((port) => [own, port]), [own === 6 ? 17 : 6, ports.from]].map(pair);
}

function pair([protocol = 0, port = 0]: readonly number[]): readonly [number, number] {
  return [protocol, protocol === 6 || protocol === 17 ? port : 0];
}

/** Packets at every edge of address and port of one rule, all combinations. */
export function edgePackets(blocks: readonly Cidr[], selector: Selector): Packet[] {
  return blocks
    .flatMap(edgesOf)
    .flatMap((address) => portEdges(selector).map(([protocol, port]) => ({ ...address, protocol, port })));
}
