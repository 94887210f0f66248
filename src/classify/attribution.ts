import { type FlowBatch, Present } from '../model/flow.ts';
import { Attribution, Effective, Kind, type VerdictBatch } from '../model/verdict.ts';
import { hasPodsOnInterface, ownerEntry4, resolvedAttribution, resolvePod } from '../pods/lookup.ts';
import type { PodMapView } from '../pods/pod-map.ts';
import { TWIN_ADDRESSES_MAX } from '../pods/twins.ts';
import { ClassFlag, ENI_STRIDE, EniWord } from '../rules/view.ts';
import { Hidden, NO_ADDRESS, type Scratch, type VersionTables } from './tables.ts';
import { windowEnd, windowStart } from './window.ts';

/** Columns of one side that attribution reads and writes. */
interface Side {
  readonly entry: Int32Array;
  readonly addressClass: Int32Array;
  readonly hiddenBit: number;
  readonly serviceBit: number;
  readonly address4: Uint32Array;
  readonly effective: Uint8Array;
  readonly kind: Uint8Array;
  readonly owner: Int32Array;
  readonly attribution: Uint8Array;
}

/** Kind, owner and attribution of both sides at the record's window. */
export function attribute(
  flow: FlowBatch,
  verdicts: VerdictBatch,
  scratch: Scratch,
  tables: VersionTables,
  from: number,
  to: number,
): void {
  const src: Side = {
    entry: scratch.srcEntry,
    addressClass: scratch.srcClass,
    hiddenBit: Hidden.src,
    serviceBit: Present.pktSrcAwsService,
    address4: scratch.src4,
    effective: verdicts.srcEffective,
    kind: verdicts.srcKind,
    owner: verdicts.srcOwner,
    attribution: verdicts.srcAttribution,
  };
  const dst: Side = {
    entry: scratch.dstEntry,
    addressClass: scratch.dstClass,
    hiddenBit: Hidden.dst,
    serviceBit: Present.pktDstAwsService,
    address4: scratch.dst4,
    effective: verdicts.dstEffective,
    kind: verdicts.dstKind,
    owner: verdicts.dstOwner,
    attribution: verdicts.dstAttribution,
  };
  attributeSide(flow, verdicts, scratch, tables, src, from, to);
  attributeSide(flow, verdicts, scratch, tables, dst, from, to);
}

function attributeSide(
  flow: FlowBatch,
  verdicts: VerdictBatch,
  scratch: Scratch,
  tables: VersionTables,
  side: Side,
  from: number,
  to: number,
): void {
  const { pods, rules } = tables;
  const { entry, addressClass, kind, owner, attribution } = side;
  for (let i = from; i < to; i++) {
    const at = entry[i]!;
    owner[i] = -1;
    attribution[i] = Attribution.none;
    if (at < 0) {
      const isService = (flow.present[i]! & side.serviceBit) !== 0;
      kind[i] = outsideKind(addressClass[i]!, tables, scratch.eni[i]!, isService);
      continue;
    }
    const eni = pods.entryEni[at]!;
    const start = windowStart(flow, i);
    const end = windowEnd(flow, i);
    if ((scratch.hidden[i]! & side.hiddenBit) !== 0) {
      if (scratch.twinCount[i] !== 0 && attributeByTwins(verdicts, scratch, tables, side, i, start, end)) continue;
      kind[i] = eniKind(rules.eni, eni);
      owner[i] = eni;
      // whichever of its addresses it was, the interface owns it; behind a node's it may have been any pod's
      if (hasPodsOnInterface(pods, eni, start, end)) attribution[i] = Attribution.candidates;
      else if (kind[i] !== Kind.node) attribution[i] = Attribution.exact;
      continue;
    }
    const pod = resolvePod(pods, at, start, end);
    if (pod >= 0) {
      kind[i] = Kind.pod;
      const sure = resolvedAttribution();
      attribution[i] = sure;
      // one of several is named by none: the list of candidates says who it may have been
      owner[i] = sure === Attribution.candidates ? -1 : pod;
      continue;
    }
    kind[i] = eniKind(rules.eni, eni);
    // a branch interface is a pod's even when no list names the pod
    if (kind[i] === Kind.pod) continue;
    owner[i] = eni;
    // A secondary address of a node without a pod may have been any pod's: the node is known, the owner is not.
    if (eni >= 0 && (kind[i] !== Kind.node || pods.entryIsOwn[at] === 1)) attribution[i] = Attribution.exact;
    else attribution[i] = resolvedAttribution();
  }
}

/**
 * A hidden side of which twins are known. One address: it is the side's own, its pod (or the node itself) is inferred.
 * Several: the side stays hidden, and candidates are the pods of those addresses. False when the twins say nothing:
 * more addresses than are told apart, or none of them a pod's.
 */
function attributeByTwins(
  verdicts: VerdictBatch,
  scratch: Scratch,
  tables: VersionTables,
  side: Side,
  i: number,
  start: number,
  end: number,
): boolean {
  const { pods, rules } = tables;
  const count = scratch.twinCount[i]!;
  const eni = scratch.eni[i]!;
  const first = i * TWIN_ADDRESSES_MAX;
  if (count > TWIN_ADDRESSES_MAX) return false;
  const vpc = rules.eni[eni * ENI_STRIDE + EniWord.vpc]!;
  if (count > 1) {
    if (!scratch.twinAddress.subarray(first, first + count).some((a) => isPodsAddress(pods, vpc, a, start, end)))
      return false;
    side.kind[i] = eniKind(rules.eni, eni);
    side.owner[i] = eni;
    side.attribution[i] = Attribution.candidates;
    return true;
  }
  const address = scratch.twinAddress[first]!;
  const at = ownerEntry4(pods, vpc, address);
  // the version whose interface it was is not the one that judges
  if (at < 0) return false;
  scratch.hidden[i] = scratch.hidden[i]! & ~side.hiddenBit;
  side.effective[i] = Effective.paired;
  verdicts.pairedAddress[i] = address;
  side.address4[i] = address;
  side.entry[i] = at;
  const pod = resolvePod(pods, at, start, end);
  if (pod >= 0) {
    const sure = resolvedAttribution() !== Attribution.candidates;
    side.kind[i] = Kind.pod;
    side.owner[i] = sure ? pod : -1;
    side.attribution[i] = sure ? Attribution.inferred : Attribution.candidates;
    return true;
  }
  side.kind[i] = eniKind(rules.eni, eni);
  // a branch interface is a pod's even when no list names the pod
  side.owner[i] = side.kind[i] === Kind.pod ? -1 : eni;
  const isKnown = side.kind[i] !== Kind.pod && (side.kind[i] !== Kind.node || pods.entryIsOwn[at] === 1);
  if (isKnown) side.attribution[i] = Attribution.inferred;
  else side.attribution[i] = side.kind[i] === Kind.pod ? Attribution.none : resolvedAttribution();
  return true;
}

/** True when some pod held the address, or possibly did. */
function isPodsAddress(pods: PodMapView, vpc: number, address: number, start: number, end: number): boolean {
  const at = ownerEntry4(pods, vpc, address);
  return at >= 0 && (resolvePod(pods, at, start, end) >= 0 || resolvedAttribution() === Attribution.candidates);
}

function eniKind(eniWords: Int32Array, eni: number): number {
  return eni < 0 ? Kind.unknown : eniWords[eni * ENI_STRIDE + EniWord.kind]!;
}

/**
 * Kind of an address nobody in the inventory owns: inside a VPC it is unknown; outside all of them it is external or an
 * AWS service. Whether it is outside the interface's own VPC only that one's CIDRs tell; of an interface that is not in
 * the inventory, those of any.
 */
function outsideKind(cls: number, tables: VersionTables, eni: number, isService: boolean): number {
  if (cls === NO_ADDRESS) return Kind.unknown;
  const { rules, pods } = tables;
  if (cls >= 0 && (rules.classFlags[cls]! & ClassFlag.inside) !== 0) return Kind.unknown;
  const isDescribed = eni >= 0 ? rules.eni[eni * ENI_STRIDE + EniWord.vpc]! >= 0 : pods.vpcCidrs.length > 0;
  if (!isDescribed) return Kind.unknown;
  return isService ? Kind.awsService : Kind.external;
}
