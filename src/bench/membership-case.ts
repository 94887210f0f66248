import { strict as assert } from 'node:assert';
import { BlockList, SocketAddress } from 'node:net';
import { IPv4, IPv4CidrRange } from 'ip-num';
import { formatIpv4 } from '../model/ip.ts';
import { type Effort, type Findings, medians } from './findings.ts';
import { ratioOf, takeTurns } from './measure.ts';
import { drawAddresses } from './prefix-case.ts';
import { compilePrefixes, lookUpPrefixes4, type PrefixColumns } from './prefix-table.ts';
import { Random } from './random.ts';

const SEED = 3;
const CIDRS = 1000;
/** Addresses for the rivals: they walk their lists. */
const RIVAL_ADDRESSES = 2000;
const IP_NUM_ADDRESSES = 20;

/**
 * Is an address in any of 1,000 random CIDRs? The trie also says in which; `net.BlockList` (addresses made before the
 * clock starts) and ip-num only say yes or no.
 */
export function measureMembership(effort: Effort): Findings {
  const random = new Random(SEED);
  const lengths = Uint8Array.from({ length: CIDRS }, () => random.pick([12, 16, 20, 22, 24, 24, 27, 28, 32]));
  const words = Uint32Array.from(lengths, (length) => {
    const size = 2 ** (32 - length);
    return Math.floor(random.below(2 ** 32) / size) * size;
  });
  const prefixes: PrefixColumns = { family: 4, count: CIDRS, words, lengths };
  const table = compilePrefixes(prefixes);
  const addresses = drawAddresses(prefixes, effort.packets, SEED + 1);
  const out = new Int32Array(effort.packets);
  const few = Math.min(RIVAL_ADDRESSES, effort.packets);
  const texts = Array.from(addresses.subarray(0, few), formatIpv4);
  const list = new BlockList();
  for (const [i, length] of lengths.entries()) list.addSubnet(formatIpv4(words[i] ?? 0), length);
  const sockets = texts.map((address) => new SocketAddress({ address, family: 'ipv4' }));
  const ranges = Array.from(lengths, (length, i) => IPv4CidrRange.fromCidr(`${formatIpv4(words[i] ?? 0)}/${length}`));
  const inRange = (text: string): boolean => {
    const address = IPv4.fromString(text);
    return ranges.some(
      (range) => range.getFirst().isLessThanOrEquals(address) && range.getLast().isGreaterThanOrEquals(address),
    );
  };
  lookUpPrefixes4(table, addresses, out);
  sockets.forEach((address, i) => {
    assert.equal((out[i] ?? 0) > 0, list.check(address), `${texts[i]}: the trie and net.BlockList disagree`);
  });
  const fewest = texts.slice(0, Math.min(few, IP_NUM_ADDRESSES));
  fewest.forEach((text, i) => {
    assert.equal((out[i] ?? 0) > 0, inRange(text), `${text}: the trie and ip-num disagree`);
  });
  let yes = 0;
  const rates = takeTurns(
    [
      { name: 'flowtrie trie', count: effort.packets, run: () => lookUpPrefixes4(table, addresses, out) },
      {
        name: 'net.BlockList',
        count: few,
        run: () => {
          for (const address of sockets) if (list.check(address)) yes++;
        },
      },
      {
        name: 'ip-num',
        count: fewest.length,
        run: () => {
          for (const text of fewest) if (inRange(text)) yes++;
        },
      },
    ],
    effort.rounds,
  );
  assert.ok(yes > 0, 'no address is in any CIDR');
  return {
    title: `is an IPv4 address in any of ${CIDRS.toLocaleString('en-US')} CIDRs?`,
    facts: { cidrs: CIDRS, bytes: table.bytes, verified: few },
    rates: medians(rates),
    ratios: [ratioOf(rates, 'flowtrie trie', 'net.BlockList'), ratioOf(rates, 'flowtrie trie', 'ip-num')],
  };
}
