/**
 * Pairing as naive code, from product.md §3 and §7.20 and eks.md §1.9: every record is held against every other with
 * the same protocol and ports. CHOICE marks readings of a text that leaves more than one open.
 */
import { address } from './address.ts';
import { directionOf, field, type OracleRecord, recordAddress } from './attribution.ts';
import type { OracleEni } from './eni.ts';
import { type Network, ownerOf, placeOf, sorted } from './network.ts';
import type { Oracle, OracleSide, OracleVerdict } from './oracle.ts';

/** Seconds that may lie between two windows (§7.20). */
const SLACK = 60;
/** CHOICE: a window longer than an hour tells no moment, and one without a start none at all. */
const LONGEST = 3600;
/** CHOICE: more different twins than this say nothing. */
const DIFFERENT = 4;

/** What a record says of itself. */
interface Fact {
  readonly eni: OracleEni;
  readonly egress: boolean;
  /** null = hidden behind the interface's own address. */
  readonly local: string | null;
  readonly remote: string;
  readonly owner: OracleEni | null;
  readonly flow: string;
  readonly back: string;
  readonly start: number;
  readonly end: number;
  /** Role by its own flags or listeners, as far as others may rely on it. */
  readonly role: 'request' | 'reply' | null;
}

export interface PairedVerdict {
  readonly verdict: OracleVerdict;
  readonly src: OracleSide;
  readonly dst: OracleSide;
}

/** Judges records together. */
export function judgePaired(oracle: Oracle, records: readonly OracleRecord[]): PairedVerdict[] {
  const { network } = oracle;
  const facts = records.map((record) => factOf(network, oracle, record));
  const byFlow = new Map<string, Fact[]>();
  for (const fact of facts) if (fact !== null) byFlow.set(fact.flow, [...(byFlow.get(fact.flow) ?? []), fact]);
  return records.map((record, i) => {
    const fact = facts[i] ?? null;
    if (fact === null) return { verdict: oracle.judge(record), ...oracle.attribute(record) };
    const twins = (byFlow.get(fact.flow) ?? []).filter((other) => isTwin(network, fact, other));
    const reverses = (byFlow.get(fact.back) ?? []).filter((other) => isReverse(fact, other));
    return judgeOne(oracle, record, fact, twins, reverses);
  });
}

function factOf(network: Network, oracle: Oracle, record: OracleRecord): Fact | null {
  const eni = network.enis.get(field(record, 'interface-id') ?? '');
  const direction = directionOf(network, record);
  if (eni === undefined || direction === 'unknown') return null;
  const texts = ['start', 'srcport', 'dstport', 'protocol'].map((name) => field(record, name));
  if (texts.includes(null)) return null;
  const [start = 0, srcPort, dstPort, protocol] = texts.map(Number);
  const end = Number(field(record, 'end') ?? start);
  if (Math.abs(end - start) > LONGEST) return null;
  const egress = direction === 'egress';
  const shown = (name: 'src' | 'dst') =>
    recordAddress(record, `pkt-${name}addr`) ?? recordAddress(record, `${name}addr`);
  const [local, remote] = egress ? [shown('src'), shown('dst')] : [shown('dst'), shown('src')];
  if (local?.family !== 4 || remote?.family !== 4) return null;
  const place = placeOf(network, eni.vpcId, remote);
  const owner = typeof place === 'string' ? null : ownerOf(network, place.vpcId, remote);
  if (owner === eni) return null;
  const isPacket = recordAddress(record, egress ? 'pkt-srcaddr' : 'pkt-dstaddr') !== null;
  const isSubstitute = !isPacket && local.text === eni.primary?.text;
  // a NAT gateway's record toward its client shows the gateway in place of the far end
  const hidden = (isSubstitute && eni.hides) || (!isPacket && eni.class === 'nat');
  const { role, role_basis } = oracle.judge(record);
  const sides = oracle.attribute(record);
  const own = egress ? sides.src : sides.dst;
  // CHOICE: toward an address nobody owns only flags count, or the listener of a pod that the record itself names.
  const told = role_basis === 'flags' || (role_basis === 'listener' && (owner !== null || own.kind === 'pod'));
  return {
    eni,
    egress,
    local: hidden ? null : local.text,
    remote: remote.text,
    owner,
    flow: `${protocol} ${srcPort} ${dstPort}`,
    back: `${protocol} ${dstPort} ${srcPort}`,
    start: Math.min(start, end),
    end: Math.max(start, end),
    role: told && role !== 'unknown' ? role : null,
  };
}

function isNear(a: Fact, b: Fact): boolean {
  return b.start - a.end <= SLACK && a.start - b.end <= SLACK;
}

/** `other` is what another interface logged of the packets of `fact`. */
function isTwin(network: Network, fact: Fact, other: Fact): boolean {
  if (other.eni === fact.eni || other.egress === fact.egress || !isNear(fact, other)) return false;
  const at = address(other.remote);
  if (at === null) return false;
  // the address it shows is one of this interface, and the one this record shows, if it does
  const place = placeOf(network, fact.eni.vpcId, at);
  const holder = typeof place === 'string' ? null : ownerOf(network, place.vpcId, at);
  if (holder !== fact.eni || (fact.local !== null && fact.local !== other.remote)) return false;
  const goesOut = fact.owner === null && fact.local === null;
  if (goesOut && other.eni.class === 'nat' && other.eni.vpcId === fact.eni.vpcId)
    return other.local === null || other.local === fact.remote;
  return other.eni === fact.owner && (other.local === null || other.local === fact.remote);
}

/** `other` is what the same interface logged of the packets that went back. */
function isReverse(fact: Fact, other: Fact): boolean {
  const sameEnds = other.eni === fact.eni && other.remote === fact.remote && other.local === fact.local;
  return sameEnds && other.egress !== fact.egress && isNear(fact, other);
}

function judgeOne(
  oracle: Oracle,
  record: OracleRecord,
  fact: Fact,
  twins: readonly Fact[],
  reverses: readonly Fact[],
): PairedVerdict {
  const side = fact.egress ? 'src' : 'dst';
  const hides = fact.local === null && fact.eni.hides;
  const shown = hides ? sorted(twins.map((twin) => twin.remote)) : [];
  const told = shown.map((text) => ({ ...record, [`pkt-${side}addr`]: text }));
  const [one] = told;
  const paired = one !== undefined && told.length === 1 ? one : record;
  let sides = oracle.attribute(paired);
  if (paired !== record) sides = { ...sides, [side]: inferred(sides[side]) };
  if (told.length > 1 && told.length <= DIFFERENT) {
    const pods = told
      .map((each) => oracle.attribute(each)[side])
      .filter((found) => found.kind === 'pod' || found.attribution === 'candidates');
    const names = sorted(pods.flatMap((p) => (p.pod === null ? p.candidates : [`${p.namespace}/${p.pod}`])));
    const own = sides[side];
    if (names.length > 0) sides = { ...sides, [side]: { ...own, attribution: 'candidates', candidates: names } };
  }
  const verdict = oracle.judge(paired);
  const roles = new Set([
    ...twins.flatMap((twin) => twin.role ?? []),
    ...reverses.flatMap(({ role }) => (role === null ? [] : role === 'request' ? 'reply' : 'request')),
  ]);
  const [role] = roles;
  if (roles.size !== 1 || role === undefined || ['flags', 'listener'].includes(verdict.role_basis))
    return { verdict, ...sides };
  return { verdict: { ...oracle.judge(paired, { role }), role, role_basis: 'pair' }, ...sides };
}

/** What a twin shows is never `exact`. */
function inferred(side: OracleSide): OracleSide {
  return side.attribution === 'exact' ? { ...side, attribution: 'inferred' } : side;
}
