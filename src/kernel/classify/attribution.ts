import { i32At, put32, put8, u32At, u8At } from './cells';
import {
  ATTRIBUTION_CANDIDATES,
  ATTRIBUTION_EXACT,
  ATTRIBUTION_INFERRED,
  ATTRIBUTION_NONE,
  CLASS_FLAG_INSIDE,
  EFFECTIVE_PAIRED,
  ENI_KIND,
  ENI_VPC,
  KIND_AWS_SERVICE,
  KIND_EXTERNAL,
  KIND_NODE,
  KIND_POD,
  KIND_UNKNOWN,
  NO_ADDRESS,
  TWIN_ADDRESSES_MAX,
  VPC_FIRST,
} from './codes';
import { Batch, Side } from './columns';
import { anyPodAt, attribution, intervalAfter, resolvePod, touchEnds, touchIntervals } from './holders';
import { hasPodsOnInterface, isVpcDescribed, ownerEntry4 } from './owners';
import { classFlags, eniWord } from './rules';
import { hostToAsk } from './strays';
import { Tables } from './tables';
import { endOfWindow, startOfWindow } from './window';

/** Kind, owner and attribution of both sides at the record's window. */
export function attribute(batch: Batch, tables: Tables, from: u32, to: u32): void {
  const isFar = tables.intervalCount >= FAR_INTERVALS;
  const rows = isFar ? STRETCH_ROWS : to - from;
  for (let at = from; at < to; at += rows) {
    const end = min(at + rows, to);
    attributeSide(batch, batch.src, tables, isFar, at, end);
    attributeSide(batch, batch.dst, tables, isFar, at, end);
  }
}

/** More intervals than the processor's near caches hold: worth to be loaded for many rows before any is decided. */
const FAR_INTERVALS: u32 = 65_536;
/** So many rows that what was loaded for them is still near when they are decided. */
const STRETCH_ROWS: u32 = 256;

/**
 * Where `intervalAfter` of each row's start stands until its owner does. Two loops without a branch that has to guess:
 * what they load comes from far, for many rows at the same time; one after the other would cost more than all else.
 */
function placeIntervals(batch: Batch, side: Side, tables: Tables, from: u32, to: u32): void {
  const order = batch.order;
  let touched: u32 = 0;
  for (let k = from; k < to; k++) touched ^= touchEnds(tables, max(i32At(side.entry, u32At(order, k)), 0));
  for (let k = from; k < to; k++) {
    const i = u32At(order, k);
    const bits = u32At(batch.present, i);
    const second = min(startOfWindow(batch, bits, i), endOfWindow(batch, bits, i));
    const low = intervalAfter(tables, max(i32At(side.entry, i), 0), second);
    put32(side.owner, i, low);
  }
  for (let k = from; k < to; k++) touched ^= touchIntervals(tables, u32At(side.owner, u32At(order, k)));
  // were it not used, it would not be loaded
  store<u32>(batch.bins, touched);
}

function attributeSide(batch: Batch, side: Side, tables: Tables, isPlaced: bool, from: u32, to: u32): void {
  const hiddenBit = side.hiddenBit;
  if (isPlaced) placeIntervals(batch, side, tables, from, to);
  const order = batch.order;
  for (let k = from; k < to; k++) {
    const i = u32At(order, k);
    const entry = i32At(side.entry, i);
    const bits = u32At(batch.present, i);
    if (entry < 0) {
      const isService = (bits & side.serviceBit) != 0;
      const kind = outsideKind(i32At(side.addressClass, i), tables, i32At(batch.eni, i), isService);
      put(side, i, kind, -1, ATTRIBUTION_NONE);
      continue;
    }
    const start = startOfWindow(batch, bits, i);
    const end = endOfWindow(batch, bits, i);
    if ((u8At(batch.hidden, i) & hiddenBit) != 0) {
      const eni = i32At(tables.entryEni, entry);
      if (u8At(batch.twinCount, i) != 0 && attributeByTwins(batch, side, tables, i, start, end)) continue;
      const kind = eniKind(tables, eni);
      // whichever of its addresses it was, the interface owns it; behind a node's it may have been any pod's
      let sure = ATTRIBUTION_NONE;
      if (hasPodsOnInterface(tables, eni, start, end)) sure = ATTRIBUTION_CANDIDATES;
      else if (kind != KIND_NODE) sure = ATTRIBUTION_EXACT;
      put(side, i, kind, eni, sure);
      continue;
    }
    const low = isPlaced ? u32At(side.owner, i) : intervalAfter(tables, entry, min(start, end));
    const pod = resolvePod(tables, entry, low, start, end);
    if (pod >= 0) {
      // one of several is named by none: the list of candidates says who it may have been
      put(side, i, KIND_POD, attribution == ATTRIBUTION_CANDIDATES ? -1 : pod, attribution);
      continue;
    }
    const eni = i32At(tables.entryEni, entry);
    const kind = eniKind(tables, eni);
    if (kind == KIND_POD) {
      // a branch interface is a pod's even when no list names the pod
      put(side, i, kind, -1, ATTRIBUTION_NONE);
      continue;
    }
    // A secondary address of a node without a pod may have been any pod's: the node is known, the owner is not.
    const isSure = eni >= 0 && (kind != KIND_NODE || u8At(tables.entryIsOwn, entry) == 1);
    put(side, i, kind, eni, isSure ? ATTRIBUTION_EXACT : attribution);
  }
}

@inline
function put(side: Side, i: u32, kind: u32, owner: i32, sure: u32): void {
  put8(side.kind, i, kind);
  put32(side.owner, i, owner);
  put8(side.attribution, i, sure);
}

/**
 * A hidden side of which twins are known. One address: it is the side's own, its pod (or the node itself) is inferred.
 * Several: the side stays hidden, and candidates are the pods of those addresses. False when the twins say nothing:
 * more addresses than are told apart, or none of them a pod's.
 */
function attributeByTwins(batch: Batch, side: Side, tables: Tables, i: u32, start: u32, end: u32): bool {
  const count = u8At(batch.twinCount, i);
  if (count > TWIN_ADDRESSES_MAX) return false;
  const eni = i32At(batch.eni, i);
  const first = i * TWIN_ADDRESSES_MAX;
  const vpc = eniWord(tables, eni, ENI_VPC);
  if (count > 1) {
    let isPods = false;
    for (let a: u32 = 0; a < count && !isPods; a++) {
      const entry = ownerEntry4(tables, vpc, u32At(batch.twinAddress, first + a));
      isPods = entry >= 0 && anyPodAt(tables, entry, hostToAsk(tables, entry, eni), start, end);
    }
    if (isPods) put(side, i, eniKind(tables, eni), eni, ATTRIBUTION_CANDIDATES);
    return isPods;
  }
  const address = u32At(batch.twinAddress, first);
  const entry = ownerEntry4(tables, vpc, address);
  // the version whose interface it was is not the one that judges
  if (entry < 0) return false;
  put8(batch.hidden, i, u8At(batch.hidden, i) & ~side.hiddenBit);
  put8(side.effective, i, EFFECTIVE_PAIRED);
  put32(batch.pairedAddress, i, address);
  put32(side.address4, i, address);
  put32(side.entry, i, entry);
  const pod = resolvePod(tables, entry, intervalAfter(tables, entry, min(start, end)), start, end);
  if (pod >= 0) {
    const isSure = attribution != ATTRIBUTION_CANDIDATES;
    put(side, i, KIND_POD, isSure ? pod : -1, isSure ? ATTRIBUTION_INFERRED : ATTRIBUTION_CANDIDATES);
    return true;
  }
  const kind = eniKind(tables, eni);
  if (kind == KIND_POD) {
    // a branch interface is a pod's even when no list names the pod
    put(side, i, kind, -1, ATTRIBUTION_NONE);
    return true;
  }
  const isKnown = kind != KIND_NODE || u8At(tables.entryIsOwn, entry) == 1;
  put(side, i, kind, eni, isKnown ? ATTRIBUTION_INFERRED : attribution);
  return true;
}

@inline
function eniKind(tables: Tables, eni: i32): u32 {
  return eni < 0 ? KIND_UNKNOWN : eniWord(tables, eni, ENI_KIND);
}

/**
 * Kind of an address nobody in the inventory owns: inside a VPC it is unknown; outside all of them it is external or an
 * AWS service. Whether it is outside the interface's own VPC only that one's CIDRs tell; where no VPC is known, those
 * of any.
 */
function outsideKind(cls: i32, tables: Tables, eni: i32, isService: bool): u32 {
  if (cls == NO_ADDRESS) return KIND_UNKNOWN;
  if (cls >= 0 && (classFlags(tables, cls) & CLASS_FLAG_INSIDE) != 0) return KIND_UNKNOWN;
  if (!isHomeDescribed(tables, eni)) return KIND_UNKNOWN;
  return isService ? KIND_AWS_SERVICE : KIND_EXTERNAL;
}

function isHomeDescribed(tables: Tables, eni: i32): bool {
  if (eni >= 0) return eniWord(tables, eni, ENI_VPC) >= 0;
  return eni > VPC_FIRST ? tables.vpcCidrWords > 0 : isVpcDescribed(tables, VPC_FIRST - eni);
}
