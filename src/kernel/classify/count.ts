import { countAt, i32At, u16At, u32At, u8At } from './cells';
import {
  ACTION_NULL,
  ACTION_REJECT,
  DRIFT_AGREE,
  KIND_POD,
  NO_ADDRESS,
  PRESENT_ACTION,
  PRESENT_BYTES,
  PRESENT_PACKETS,
  PRESENT_START,
  ROLE_BASIS_POLICY,
} from './codes';
import { Batch } from './columns';
import { Counters, VersionCounters } from './counters';
import { addRecord, groupRow } from './groups';

/** Verdict codes, the width of `observed`. */
const VERDICTS: u32 = 5;
const VERSION_BYTES: usize = 16;
const LATER_BYTES: usize = 12;
/** Group of a side nobody owns: this + kind code. */
const OWNERLESS: u32 = 0x4000_0000;

@inline
function increment(counters: usize, code: u32): void {
  const at = counters + (<usize>code << 2);
  store<u32>(at, load<u32>(at) + 1);
}

/** Verdicts, drift, roles and paths of rows [0, rows). */
export function countVerdicts(batch: Batch, counters: Counters, rows: u32): void {
  for (let i: u32 = 0; i < rows; i++) {
    const bits = u32At(batch.present, i);
    const action = (bits & PRESENT_ACTION) != 0 ? u8At(batch.action, i) : ACTION_NULL;
    const verdict = u8At(batch.predicted, i);
    const drift = u8At(batch.drift, i);
    const basis = u8At(batch.roleBasis, i);
    const path = u8At(batch.path, i);
    increment(counters.predicted, verdict);
    increment(counters.observed, action * VERDICTS + verdict);
    increment(counters.drift, drift);
    increment(counters.causes, u8At(batch.driftCause, i));
    increment(counters.roleBasis, basis);
    increment(counters.pathRecords, path);
    counters.agreeOnPolicy += u32(basis == ROLE_BASIS_POLICY && drift == DRIFT_AGREE);
    if ((bits & PRESENT_BYTES) != 0) {
      const at = counters.pathBytes + (<usize>path << 3);
      store<f64>(at, load<f64>(at) + countAt(batch.bytes, i));
    }
  }
}

/** Evidence of the cells and routes that decided rows [0, rows). */
export function countRules(batch: Batch, counters: Counters, rows: u32): void {
  for (let i: u32 = 0; i < rows; i++) {
    const version = versionOf(batch, counters, i);
    const bits = u32At(batch.present, i);
    const bytes = (bits & PRESENT_BYTES) != 0 ? countAt(batch.bytes, i) : 0;
    // a record without times: its bytes count, its second does not
    const at: f64 = (bits & PRESENT_START) != 0 ? <f64>u32At(batch.start, i) : NaN;
    addEvidence(version.cells, i32At(batch.sgCell, i), bytes, at);
    addEvidence(version.cells, i32At(batch.naclCell, i), bytes, at);
    addEvidence(version.routes, i32At(batch.route, i), bytes, at);
  }
}

@inline
function versionOf(batch: Batch, counters: Counters, i: u32): VersionCounters {
  return changetype<VersionCounters>(counters.versions + <usize>u16At(batch.version, i) * VERSION_BYTES);
}

/** f64 words of a cell or route: hits, bytes, first and last second. */
@inline
function addEvidence(words: usize, index: i32, bytes: f64, second: f64): void {
  if (index < 0) return;
  const at = words + (<usize>index << 5);
  store<f64>(at, load<f64>(at) + 1);
  store<f64>(at, load<f64>(at, 8) + bytes, 8);
  if (second < load<f64>(at, 16)) store<f64>(at, second, 16);
  if (second > load<f64>(at, 24)) store<f64>(at, second, 24);
}

/** Kinds, attribution, workload pairs and talkers of rows [0, rows). */
export function countGroups(batch: Batch, counters: Counters, rows: u32): void {
  const src = batch.src;
  const dst = batch.dst;
  for (let i: u32 = 0; i < rows; i++) {
    const version = versionOf(batch, counters, i);
    const kindFrom = u8At(src.kind, i);
    const kindTo = u8At(dst.kind, i);
    const groupFrom = groupOf(version, kindFrom, i32At(src.owner, i));
    const groupTo = groupOf(version, kindTo, i32At(dst.owner, i));
    const number = u16At(batch.version, i);
    const pair = groupRow(counters.workloads, number, groupFrom, groupTo);
    const bits = u32At(batch.present, i);
    const bytes = (bits & PRESENT_BYTES) != 0 ? countAt(batch.bytes, i) : 0;
    const packets = (bits & PRESENT_PACKETS) != 0 ? countAt(batch.packets, i) : 0;
    increment(counters.attribution, u8At(src.attribution, i));
    increment(counters.attribution, u8At(dst.attribution, i));
    increment(counters.kinds, kindFrom);
    increment(counters.kinds, kindTo);
    const sums = f64x2.replace_lane(f64x2.splat(bytes), 1, packets);
    addRecord(pair, sums);
    const is4 = i32At(src.address6, i) < 0;
    if (is4) {
      const address = i32At(src.addressClass, i) == NO_ADDRESS ? 0 : u32At(src.address4, i);
      addRecord(groupRow(counters.talkers, number, groupFrom, address), sums);
    }
    const isReject = counters.judged != 0 && (bits & PRESENT_ACTION) != 0 && u8At(batch.action, i) == ACTION_REJECT;
    if (isReject || !is4) leave(counters, i, groupFrom, groupTo);
  }
}

@inline
function groupOf(version: VersionCounters, kind: u32, owner: i32): u32 {
  // both are at hand without a branch: which one it is changes from row to row
  const group = u32At(select<usize>(version.podGroup, version.eniGroup, kind == KIND_POD), max(owner, 0));
  return select<u32>(OWNERLESS + kind, group, owner < 0);
}

function leave(counters: Counters, i: u32, groupFrom: u32, groupTo: u32): void {
  const at = counters.later + <usize>counters.laterCount * LATER_BYTES;
  store<u32>(at, i);
  store<u32>(at, groupFrom, 4);
  store<u32>(at, groupTo, 8);
  counters.laterCount++;
}
