import { i32At, put32, u16At, u32At, u8At } from '../classify/cells';
import { KIND_POD } from '../classify/codes';

/** Numbers over all inventory versions; `base` holds the first number of each version, i32 by version. */

/** Pods and interfaces of a side; 0 = nobody. */
export function ownerIds(
  kind: usize,
  owner: usize,
  version: usize,
  pods: usize,
  enis: usize,
  ids: usize,
  rows: u32,
): void {
  for (let i: u32 = 0; i < rows; i++) {
    const index = i32At(owner, i);
    const base = u8At(kind, i) == KIND_POD ? pods : enis;
    const id = i32At(base, u16At(version, i)) + index;
    put32(ids, i, index < 0 ? 0 : id);
  }
}

/** Services, which are numbered from `first` on behind the owners; where there is none, the owner. */
export function serviceIds(
  service: usize,
  owners: usize,
  version: usize,
  base: usize,
  first: u32,
  ids: usize,
  rows: u32,
): void {
  for (let i: u32 = 0; i < rows; i++) {
    const index = i32At(service, i);
    const id = <i32>first + i32At(base, u16At(version, i)) + index;
    put32(ids, i, index < 0 ? i32At(owners, i) : id);
  }
}

/** Rules: 0 = none (−1), 1 = implicit deny, or no router (−2). */
export function ruleIds(rule: usize, version: usize, base: usize, ids: usize, rows: u32): void {
  for (let i: u32 = 0; i < rows; i++) {
    const index = i32At(rule, i);
    const id = i32At(base, u16At(version, i)) + index + 1;
    put32(ids, i, index < 0 ? -index - 1 : id);
  }
}

/** Dictionary codes of interfaces + 1; 0 where the bit of `present` is clear. Returns the greatest. */
export function interfaceIds(present: usize, bit: u32, codes: usize, ids: usize, rows: u32): u32 {
  let most: u32 = 0;
  for (let i: u32 = 0; i < rows; i++) {
    const id = (u32At(present, i) & bit) != 0 ? u32At(codes, i) + 1 : 0;
    most = max(most, id);
    put32(ids, i, id);
  }
  return most;
}

/** u16 → u32. */
export function widen16(values: usize, out: usize, rows: u32): void {
  for (let i: u32 = 0; i < rows; i++) put32(out, i, u16At(values, i));
}
