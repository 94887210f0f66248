import { type FlowBatch, Present } from '../model/flow.ts';
import { Attribution, Kind, type VerdictBatch } from '../model/verdict.ts';
import { hasPodsOnInterface, resolvedAttribution, resolvePod } from '../pods/lookup.ts';
import { ClassFlag, ENI_STRIDE, EniWord } from '../rules/view.ts';
import { Hidden, NO_ADDRESS, type Scratch, type VersionTables } from './tables.ts';
import { windowEnd, windowStart } from './window.ts';

/** Columns of one side that attribution reads and writes. */
interface Side {
  readonly entry: Int32Array;
  readonly addressClass: Int32Array;
  readonly hiddenBit: number;
  readonly serviceBit: number;
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
    kind: verdicts.srcKind,
    owner: verdicts.srcOwner,
    attribution: verdicts.srcAttribution,
  };
  const dst: Side = {
    entry: scratch.dstEntry,
    addressClass: scratch.dstClass,
    hiddenBit: Hidden.dst,
    serviceBit: Present.pktDstAwsService,
    kind: verdicts.dstKind,
    owner: verdicts.dstOwner,
    attribution: verdicts.dstAttribution,
  };
  attributeSide(flow, scratch, tables, src, from, to);
  attributeSide(flow, scratch, tables, dst, from, to);
}

function attributeSide(
  flow: FlowBatch,
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
