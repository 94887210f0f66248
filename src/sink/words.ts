import { LOG_STATUS } from '../model/flow.ts';
import {
  ACTION,
  ATTRIBUTION,
  DIRECTION,
  DRIFT,
  DRIFT_CAUSE,
  KIND,
  PATH,
  ROLE,
  ROLE_BASIS,
  ROUTE_KIND,
  VERDICT,
} from '../model/verdict.ts';
import { NULL_WORD } from './chunk-data.ts';

/** Columns of closed words. */
export type WordName =
  | 'action'
  | 'log_status'
  | 'flow_direction'
  | 'direction'
  | 'role'
  | 'role_basis'
  | 'src_kind'
  | 'dst_kind'
  | 'src_attribution'
  | 'dst_attribution'
  | 'sg_verdict'
  | 'nacl_verdict'
  | 'policy_verdict'
  | 'route_kind'
  | 'predicted'
  | 'drift'
  | 'drift_cause'
  | 'path';

/** The code table of each column of closed words. */
export const WORD_TABLES: Readonly<Record<WordName, readonly string[]>> = {
  action: ACTION,
  log_status: LOG_STATUS,
  flow_direction: DIRECTION,
  direction: DIRECTION,
  role: ROLE,
  role_basis: ROLE_BASIS,
  src_kind: KIND,
  dst_kind: KIND,
  src_attribution: ATTRIBUTION,
  dst_attribution: ATTRIBUTION,
  sg_verdict: VERDICT,
  nacl_verdict: VERDICT,
  policy_verdict: VERDICT,
  route_kind: ROUTE_KIND,
  predicted: VERDICT,
  drift: DRIFT,
  drift_cause: DRIFT_CAUSE,
  path: PATH,
};

export function isWordName(name: string): name is WordName {
  return Object.hasOwn(WORD_TABLES, name);
}

/** The words of a column in the order of its dictionary: its code table without `null`. */
export function wordsOf(name: WordName): readonly string[] {
  return WORD_TABLES[name].filter((word) => word !== 'null');
}

/** Code of the code table → index in wordsOf, NULL_WORD for `null`. */
export function wordIndex(name: WordName): Uint8Array {
  const index = new Uint8Array(256).fill(NULL_WORD);
  const words = wordsOf(name);
  WORD_TABLES[name].forEach((word, code) => {
    if (word !== 'null') index[code] = words.indexOf(word);
  });
  return index;
}
