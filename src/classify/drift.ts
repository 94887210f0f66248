import { type FlowBatch, Present, RejectReason } from '../model/flow.ts';
import { Action, Direction, Drift, DriftCause, NO_RULE, Verdict, type VerdictBatch } from '../model/verdict.ts';
import type { Scratch } from './tables.ts';

/**
 * Joins the layers into `predicted` and `decided_by`, and holds the observed action against it.
 * Any layer that denies → deny, even when another is unknown; a deny is decided by the first denying layer in packet
 * order (inbound: network ACL, then security group; outbound: security group, then network ACL).
 */
export function decideDrift(flow: FlowBatch, verdicts: VerdictBatch, scratch: Scratch, from: number, to: number): void {
  for (let i = from; i < to; i++) {
    decidePrediction(verdicts, i);
    const predicted = verdicts.predicted[i]!;
    const action = (flow.present[i]! & Present.action) !== 0 ? flow.action[i]! : Action.null;
    if (predicted === Verdict.exempt || predicted === Verdict.unknown || action === Action.null) {
      verdicts.drift[i] = Drift.undetermined;
      verdicts.driftCause[i] = undeterminedCause(predicted, action, scratch.roleSplit[i]!);
      continue;
    }
    const accepted = action === Action.accept;
    verdicts.driftCause[i] = DriftCause.null;
    if (accepted === (predicted === Verdict.allow)) {
      verdicts.drift[i] = Drift.agree;
    } else if (accepted) {
      verdicts.drift[i] = Drift.unexpectedAccept;
    } else {
      verdicts.drift[i] = Drift.unexpectedReject;
      const reason = flow.rejectReason[i]!;
      if (reason === RejectReason.bpa) verdicts.driftCause[i] = DriftCause.bpa;
      else if (reason === RejectReason.ec) verdicts.driftCause[i] = DriftCause.ec;
    }
  }
}

function decidePrediction(verdicts: VerdictBatch, i: number): void {
  verdicts.decidedBy[i] = NO_RULE;
  if (verdicts.predicted[i] === Verdict.exempt) return;
  const sg = verdicts.sgVerdict[i]!;
  const nacl = verdicts.naclVerdict[i]!;
  if (sg === Verdict.deny || nacl === Verdict.deny) {
    verdicts.predicted[i] = Verdict.deny;
    const sgFirst = verdicts.direction[i] === Direction.egress;
    const blameSg = sg === Verdict.deny && (sgFirst || nacl !== Verdict.deny);
    verdicts.decidedBy[i] = blameSg ? verdicts.sgRule[i]! : verdicts.naclRule[i]!;
  } else if (sg === Verdict.unknown || nacl === Verdict.unknown) {
    verdicts.predicted[i] = Verdict.unknown;
  } else {
    verdicts.predicted[i] = Verdict.allow;
    verdicts.decidedBy[i] = sg === Verdict.allow ? verdicts.sgRule[i]! : verdicts.naclRule[i]!;
  }
}

/** No action outranks exempt and unknown: nothing was observed that rules could explain. */
function undeterminedCause(predicted: number, action: number, roleSplit: number): number {
  if (action === Action.null) return DriftCause.noAction;
  if (predicted === Verdict.exempt) return DriftCause.exempt;
  return roleSplit === 1 ? DriftCause.roleUnknown : DriftCause.missingKnowledge;
}
