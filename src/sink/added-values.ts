import type { VerdictBatch } from '../model/verdict.ts';
import type { AddedName } from './columns.ts';

/** What decides whether a row has a word: a bit of `present`, whether the record was judged, or nothing. */
export type WordRule = number | 'judged' | 'always';

type Words = (verdicts: VerdictBatch) => Uint8Array;

/** Columns of closed words that flowtrie adds; those of the rules have none for rows that are never judged. */
export const ADDED_WORDS: Partial<Readonly<Record<AddedName, readonly [values: Words, rule: WordRule]>>> = {
  direction: [(v) => v.direction, 'always'],
  role: [(v) => v.role, 'always'],
  role_basis: [(v) => v.roleBasis, 'always'],
  src_kind: [(v) => v.srcKind, 'always'],
  dst_kind: [(v) => v.dstKind, 'always'],
  src_attribution: [(v) => v.srcAttribution, 'always'],
  dst_attribution: [(v) => v.dstAttribution, 'always'],
  sg_verdict: [(v) => v.sgVerdict, 'judged'],
  nacl_verdict: [(v) => v.naclVerdict, 'judged'],
  policy_verdict: [(v) => v.policyVerdict, 'judged'],
  route_kind: [(v) => v.routeKind, 'judged'],
  predicted: [(v) => v.predicted, 'judged'],
  drift: [(v) => v.drift, 'judged'],
  drift_cause: [(v) => v.driftCause, 'judged'],
  path: [(v) => v.path, 'always'],
};

/** Columns of rule ids that flowtrie adds. */
export const ADDED_RULES: Partial<Readonly<Record<AddedName, (verdicts: VerdictBatch) => Int32Array>>> = {
  sg_rule: (v) => v.sgRule,
  nacl_rule: (v) => v.naclRule,
  decided_by: (v) => v.decidedBy,
};
