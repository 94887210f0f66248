import { type FlowBatch, Present } from '../model/flow.ts';
import { Attribution, Kind, type VerdictBatch } from '../model/verdict.ts';
import { hasPodsOnInterface, resolvedAttribution, resolvePod } from '../pods/lookup.ts';
import { ClassFlag, ENI_STRIDE, EniWord } from '../rules/view.ts';
import { Hidden, NO_ADDRESS, type Scratch, type VersionTables } from './tables.ts';

/** End of the window of a record without times: it may have been any second. */
const FOREVER = 0xffff_ffff;

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
      kind[i] = outsideKind(addressClass[i]!, rules.classFlags, (flow.present[i]! & side.serviceBit) !== 0);
      continue;
    }
    const eni = pods.entryEni[at]!;
    const timed = (flow.present[i]! & Present.start) !== 0;
    const start = timed ? flow.start[i]! : 0;
    const end = timed ? windowEnd(flow, i) : FOREVER;
    if ((scratch.hidden[i]! & side.hiddenBit) !== 0) {
      kind[i] = eniKind(rules.eni, eni);
      owner[i] = eni;
      attribution[i] = hasPodsOnInterface(pods, eni, start, end) ? Attribution.candidates : Attribution.none;
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
    owner[i] = eni;
    kind[i] = eni < 0 ? Kind.unknown : eniKind(rules.eni, eni);
    // A secondary address of a node without a pod may have been any pod's: the node is known, the owner is not.
    if (eni >= 0 && (kind[i] !== Kind.node || pods.entryIsPrimary[at] === 1)) attribution[i] = Attribution.exact;
  }
}

/** End of the record's window; a record without one is taken as an instant. */
function windowEnd(flow: FlowBatch, row: number): number {
  return (flow.present[row]! & Present.end) !== 0 ? flow.end[row]! : flow.start[row]!;
}

function eniKind(eniWords: Int32Array, eni: number): number {
  return eni < 0 ? Kind.unknown : eniWords[eni * ENI_STRIDE + EniWord.kind]!;
}

/**
 * Kind of an address nobody in the inventory owns: inside a VPC it is unknown, outside it is external or an AWS
 * service.
 */
function outsideKind(cls: number, classFlags: Uint8Array, isService: boolean): number {
  if (cls === NO_ADDRESS) return Kind.unknown;
  if (cls >= 0 && (classFlags[cls]! & ClassFlag.inside) !== 0) return Kind.unknown;
  return isService ? Kind.awsService : Kind.external;
}
