import { i32At, put32, u32At, u8At } from './cells';
import { DIRECTION_EGRESS, DIRECTION_UNKNOWN, ENI_KIND, KIND_NODE, KIND_POD } from './codes';
import { Batch } from './columns';
import { eniWord } from './rules';
import { Tables } from './tables';

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
    if (entry < 0 || (i32At(tables.entryEni, entry) == eni && u8At(tables.entryIsStray, entry) != 1)) continue;
    const kind = eniWord(tables, eni, ENI_KIND);
    if (kind != KIND_NODE && kind != KIND_POD) continue;
    if ((u8At(batch.hidden, i) & select<u32>(src.hiddenBit, dst.hiddenBit, isSrc)) != 0) continue;
    put32(batch.listed, count++, i);
  }
  return count;
}
