import { i32At, put32, put8, u16At, u32At, u8At } from './cells';
import { DIRECTION_EGRESS, ENI_KIND, KIND_NODE } from './codes';
import { Batch } from './columns';
import { eniWord } from './rules';
import { Tables } from './tables';

const BINS: u32 = 64;

/**
 * Writes the rows [from, to) to `order`, those together that the passes behind treat alike: direction, whether the
 * local side is hidden, whether anybody owns the peer, a node's interface or another, which port is the lower one.
 * Branches that go one way for a whole run are predicted; in the order of the log nearly every second one is not.
 */
export function groupRows(batch: Batch, tables: Tables, from: u32, to: u32): void {
  const bins = batch.bins;
  const keys = batch.orderKey;
  const src = batch.src;
  const dst = batch.dst;
  memory.fill(bins, 0, BINS * 4);
  for (let i = from; i < to; i++) {
    const direction = u8At(batch.direction, i);
    const peer = select<usize>(dst.entry, src.entry, direction == DIRECTION_EGRESS);
    const eni = i32At(batch.eni, i);
    const isNode = u32(eniWord(tables, max(eni, 0), ENI_KIND) == KIND_NODE) & u32(eni >= 0);
    const isOwned = u32(i32At(peer, i) >= 0);
    const isUp = u32(u16At(src.port, i) > u16At(dst.port, i));
    const key = (direction << 4) | (u32(u8At(batch.hidden, i) != 0) << 3) | (isOwned << 2) | (isNode << 1) | isUp;
    put8(keys, i, key);
    const bin = bins + (<usize>key << 2);
    store<u32>(bin, load<u32>(bin) + 1);
  }
  let next = from;
  for (let b: u32 = 0; b < BINS; b++) {
    const count = u32At(bins, b);
    put32(bins, b, next);
    next += count;
  }
  for (let i = from; i < to; i++) {
    const bin = bins + (<usize>u8At(keys, i) << 2);
    const place = load<u32>(bin);
    store<u32>(bin, place + 1);
    put32(batch.order, place, i);
  }
}
