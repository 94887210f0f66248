import { u32At } from './cells';
import { FOREVER, PRESENT_END, PRESENT_START } from './codes';
import { Batch } from './columns';

/** Unix second at which the record's window begins: `start`, else `end`, else it may have been any second. */
@inline
export function startOfWindow(batch: Batch, bits: u32, i: u32): u32 {
  if ((bits & PRESENT_START) != 0) return u32At(batch.start, i);
  return (bits & PRESENT_END) != 0 ? u32At(batch.end, i) : 0;
}

/** End of the window (exclusive; FOREVER = no time is logged); one time alone is an instant. */
@inline
export function endOfWindow(batch: Batch, bits: u32, i: u32): u32 {
  if ((bits & PRESENT_END) != 0) return u32At(batch.end, i);
  return (bits & PRESENT_START) != 0 ? u32At(batch.start, i) : FOREVER;
}
