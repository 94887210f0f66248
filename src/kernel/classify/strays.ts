import { i32At, put32, u32At, u8At } from './cells';
import { DIRECTION_EGRESS, DIRECTION_INGRESS, DIRECTION_UNKNOWN, HIDDEN_SRC } from './codes';
import { Batch, Side } from './columns';
import { Tables } from './tables';

/** Host of a question that leaves nobody out. */
export const ANY_HOST: i32 = -1;

/**
 * Lists the rows whose own side is at an address that sources disagree about: it is another interface's than the one
 * that logged them, or pods at it are said to be on another node. Returns how many; `listed` names them.
 */
export function listStrays(batch: Batch, tables: Tables, from: u32, to: u32): u32 {
  const src = batch.src;
  const dst = batch.dst;
  const order = batch.order;
  let count: u32 = 0;
  for (let k = from; k < to; k++) {
    const i = u32At(order, k);
    const direction = u8At(batch.direction, i);
    const eni = i32At(batch.eni, i);
    if (direction == DIRECTION_UNKNOWN || eni < 0) continue;
    const isSrc = direction == DIRECTION_EGRESS;
    const entry = i32At(select<usize>(src.entry, dst.entry, isSrc), i);
    if (hostToAsk(tables, entry, eni) == ANY_HOST) continue;
    if ((u8At(batch.hidden, i) & select<u32>(src.hiddenBit, dst.hiddenBit, isSrc)) != 0) continue;
    put32(batch.listed, count++, i);
  }
  return count;
}

/** Host on which a pod must be to be the own side of a record of interface `eni`; see classify/strays.ts. */
@inline
export function hostToAsk(tables: Tables, entry: i32, eni: i32): i32 {
  if (entry < 0 || (i32At(tables.entryEni, entry) == eni && u8At(tables.entryIsStray, entry) != 1)) return ANY_HOST;
  return i32At(tables.eniHost, eni);
}

/** The same of one side of a row; of the far one any pod may be meant. */
export function hostOfSide(batch: Batch, side: Side, tables: Tables, i: u32): i32 {
  const eni = i32At(batch.eni, i);
  const isSrc = side.hiddenBit == HIDDEN_SRC;
  if (eni < 0 || u8At(batch.direction, i) != select<u32>(DIRECTION_EGRESS, DIRECTION_INGRESS, isSrc)) return ANY_HOST;
  return hostToAsk(tables, i32At(side.entry, i), eni);
}

/** True when a pod of the entry is said to be on another host than `host`; see pods/elsewhere.ts. */
export function isElsewhere(tables: Tables, entry: u32, pod: u32, host: i32): bool {
  if (u8At(tables.entryIsStray, entry) == 1) {
    const told = strayHost(tables, pod);
    if (told >= 0) return told != host;
  }
  const eni = i32At(tables.entryEni, entry);
  if (eni < 0) return false;
  const here = i32At(tables.eniHost, eni);
  if (here < 0 || here == host) return false;
  return (u8At(tables.podIsTold, pod >> 3) & (1 << (pod & 7))) != 0;
}

function strayHost(tables: Tables, pod: u32): i32 {
  let a: u32 = 0;
  let b = tables.strayCount;
  while (a < b) {
    const middle = (a + b) >>> 1;
    if (u32At(tables.strays, 2 * middle) < pod) a = middle + 1;
    else b = middle;
  }
  return a < tables.strayCount && u32At(tables.strays, 2 * a) == pod ? i32At(tables.strays, 2 * a + 1) : -1;
}
