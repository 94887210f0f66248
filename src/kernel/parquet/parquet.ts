/** Data pages whose values are indices of a dictionary → codes of rows. Compiled to WebAssembly. */
import { Page } from './page';
import { nextRun, readRuns, Runs } from './runs';

/** What readCodes tells. */
const DONE: u32 = 0;
const SOME_NULL: u32 = 1;
const LEVELS_END: u32 = 2;
const INDICES_END: u32 = 3;
const INDEX_OUTSIDE: u32 = 4;

/** Writes the codes of the next rows, −1 = null. */
export function readCodes(page: Page, codes: usize, rows: u32): u32 {
  const levelRuns = changetype<Runs>(page.levelRuns);
  const max = page.maxDefinition;
  if (max == 0) return readIndices(page, codes, rows);
  if (levelRuns.left == 0) nextRun(levelRuns);
  if (levelRuns.left >= rows && levelRuns.packed == 0) {
    levelRuns.left -= rows;
    if (levelRuns.value == max) return readIndices(page, codes, rows);
    memory.fill(codes, 0xff, <usize>rows << 2);
    page.rows += rows;
    return SOME_NULL;
  }
  const there = readRuns(levelRuns, page.levels, rows);
  if (there < rows) {
    page.rows += there;
    return LEVELS_END;
  }
  let present: u32 = 0;
  for (let i: u32 = 0; i < rows; i++) present += u32(load<u32>(page.levels + (<usize>i << 2)) == max);
  if (present == rows) return readIndices(page, codes, rows);
  const answer = readIndices(page, page.indices, present);
  if (answer != DONE) return answer;
  page.rows += rows - present;
  spread(page, codes, rows, max);
  return SOME_NULL;
}

/** Puts each value into its row, without a branch: which ones are missing cannot be predicted. */
@inline
function spread(page: Page, codes: usize, rows: u32, max: u32): void {
  let value = page.indices;
  for (let at: usize = 0; at < <usize>rows << 2; at += 4) {
    const isThere = load<u32>(page.levels + at) == max;
    store<i32>(codes + at, select<i32>(load<i32>(value), -1, isThere));
    value += <usize>u32(isThere) << 2;
  }
}

@inline
function readIndices(page: Page, to: usize, count: u32): u32 {
  const read = readRuns(changetype<Runs>(page.indexRuns), to, count);
  page.rows += read;
  page.values += read;
  if (read < count) return INDICES_END;
  const size = i32x4.splat(page.size);
  let outside = i32x4.splat(0);
  let i: u32 = 0;
  for (; i + 4 <= count; i += 4) outside = v128.or(outside, i32x4.ge_u(v128.load(to + (<usize>i << 2)), size));
  let isOutside = v128.any_true(outside);
  for (; i < count; i++) isOutside = isOutside || load<u32>(to + (<usize>i << 2)) >= page.size;
  return isOutside ? INDEX_OUTSIDE : DONE;
}
