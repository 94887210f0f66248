/**
 * The naive judge over an inventory with versions: the record's own version judges, the others are asked what would
 * explain an action that was not predicted. Linear and by hand, as oracle.ts.
 */
import { field, recordAddress } from './attribution.ts';
import { type Network, readNetwork } from './network.ts';
import { createOracle, type Oracle, type OracleDocument, type OracleRecord, type OracleVerdict } from './oracle.ts';
import { routeFrom } from './route-table.ts';
import { type OracleRule, readGroups } from './security-group.ts';

export interface OracleVersion {
  readonly label: string;
  /** Unix seconds. */
  readonly validFrom: number;
  readonly documents: readonly OracleDocument[];
}

export interface VersionedVerdict extends OracleVerdict {
  readonly inventory_version: string;
  readonly agreeing_version: string | null;
}

interface Judged {
  readonly version: OracleVersion;
  readonly network: Network;
  readonly oracle: Oracle;
  readonly groups: ReadonlyMap<string, readonly OracleRule[]>;
  readonly verdict: OracleVerdict;
}

/** Versions ascending in time, each with all of its documents. */
export function createVersionedOracle(versions: readonly OracleVersion[]): (record: OracleRecord) => VersionedVerdict {
  const all = versions.map((version) => {
    const network = readNetwork(version.documents);
    return { version, network, groups: readGroups(network), oracle: createOracle(version.documents) };
  });
  return (record) => {
    const start = Number(field(record, 'start') ?? Number.NEGATIVE_INFINITY);
    const at = Math.max(
      0,
      all.findLastIndex(({ version }) => version.validFrom <= start),
    );
    const judged: Judged[] = all.map((one) => ({ ...one, verdict: one.oracle.judge(record) }));
    const own = judged[at];
    if (own === undefined) throw new Error('no version');
    const { verdict } = own;
    const base = { ...verdict, inventory_version: own.version.label, agreeing_version: null };
    if (!verdict.drift.startsWith('unexpected') || verdict.drift_cause !== null) return base;
    const order = [...judged.slice(0, at).reverse(), ...judged.slice(at + 1)];
    for (const other of order) {
      const next = judged[judged.indexOf(other) + 1];
      const ended = judged.indexOf(other) < at && next !== undefined ? next.version.validFrom : null;
      const cause = causeBy(record, own, other, ended);
      if (cause !== null) return { ...base, drift_cause: cause, agreeing_version: other.version.label };
    }
    return base;
  };
}

const isTcp = (record: OracleRecord): boolean => field(record, 'protocol') === '6';
const flagsOf = (record: OracleRecord): number | null => {
  const text = field(record, 'tcp-flags');
  return text === null || !isTcp(record) ? null : Number(text);
};

function causeBy(record: OracleRecord, own: Judged, other: Judged, ended: number | null): string | null {
  if (ended !== null && isTracked(record, own, other, ended)) return 'tracked-before-change';
  if (other.verdict.drift !== 'agree') return null;
  const groupsOf = ({ network }: Judged): string =>
    [...new Set(network.enis.get(field(record, 'interface-id') ?? '')?.groups)].sort().join();
  if (groupsOf(own) !== groupsOf(other)) return 'stale-inventory';
  const [yes, no] = own.verdict.sg_verdict === 'allow' ? [own, other] : [other, own];
  if (yes.verdict.sg_verdict === 'allow' && no.verdict.sg_verdict !== 'allow') {
    const named = (judged: Judged): OracleRule | undefined =>
      [...judged.groups.values()].flat().find((rule) => rule.id === yes.verdict.sg_rule);
    if (named(yes)?.peer.kind === 'group' && named(no) !== undefined) return 'membership-changed';
  }
  return 'stale-rules';
}

/** EC2 User Guide, "Security group connection tracking": a tracked connection outlives the rule that let it in. */
function isTracked(record: OracleRecord, own: Judged, other: Judged, ended: number): boolean {
  const { verdict } = own;
  if (verdict.drift !== 'unexpected-accept' || verdict.sg_verdict !== 'deny' || verdict.nacl_verdict === 'deny')
    return false;
  if (other.verdict.sg_verdict !== 'allow') return false;
  if (Number(field(record, 'start')) - ended > 5 * 86_400) return false;
  const flags = flagsOf(record);
  if (flags !== null && (flags & 2) !== 0) return false;
  return isTrackedAlways(record, own) || !isUntracked(record, other);
}

/** What passes a NAT gateway, or has a load balancer or an interface endpoint at the other end. */
function isTrackedAlways(record: OracleRecord, { network, oracle, verdict }: Judged): boolean {
  const egress = verdict.direction === 'egress';
  const { src, dst } = oracle.attribute(record);
  const { kind } = egress ? dst : src;
  if (kind === 'load-balancer' || kind === 'vpc-endpoint') return true;
  const eni = network.enis.get(field(record, 'interface-id') ?? '');
  const name = egress ? 'dstaddr' : 'srcaddr';
  const remote = recordAddress(record, `pkt-${name}`) ?? recordAddress(record, name);
  if (eni === undefined || remote === null) return false;
  return routeFrom(network, eni.subnetId, eni.vpcId, remote).kind === 'nat';
}

/** Any address may open it and any answer may leave: not tracked (EC2 User Guide, "Untracked connections"). */
function isUntracked(record: OracleRecord, { network, groups, verdict }: Judged): boolean {
  const protocol = Number(field(record, 'protocol'));
  const eni = network.enis.get(field(record, 'interface-id') ?? '');
  if ((protocol !== 6 && protocol !== 17) || eni === undefined) return false;
  const rules = (eni.groups ?? []).flatMap((id) => groups.get(id) ?? []);
  const isAny = ({ peer }: OracleRule): boolean => peer.kind === 'cidr' && peer.block.length === 0;
  if (!rules.some((rule) => verdict.matched.includes(rule.id) && isAny(rule))) return false;
  const requestEgress = (verdict.direction === 'egress') === (verdict.role !== 'reply');
  const remote = verdict.direction === 'egress' ? verdict.dst_addr : verdict.src_addr;
  const family = remote?.includes(':') === true ? 6 : 4;
  return rules.some(({ egress, selector, peer }) => {
    const isResponse = egress !== requestEgress && selector.valid && selector.ports === null;
    const covers = selector.protocol === -1 || selector.protocol === protocol;
    return isResponse && covers && peer.kind === 'cidr' && peer.block.length === 0 && peer.block.family === family;
  });
}
