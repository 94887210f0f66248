import { i32At, put32, put8, u32At, u8At } from './cells';
import {
  ACTION_ACCEPT,
  ACTION_NULL,
  DIRECTION_EGRESS,
  DRIFT_AGREE,
  DRIFT_CAUSE_BPA,
  DRIFT_CAUSE_EC,
  DRIFT_CAUSE_EXEMPT,
  DRIFT_CAUSE_MISSING_KNOWLEDGE,
  DRIFT_CAUSE_NO_ACTION,
  DRIFT_CAUSE_NULL,
  DRIFT_CAUSE_ROLE_UNKNOWN,
  DRIFT_UNDETERMINED,
  DRIFT_UNEXPECTED_ACCEPT,
  DRIFT_UNEXPECTED_REJECT,
  NO_RULE,
  PRESENT_ACTION,
  REJECT_REASON_BPA,
  REJECT_REASON_EC,
  VERDICT_ALLOW,
  VERDICT_DENY,
  VERDICT_EXEMPT,
  VERDICT_UNKNOWN,
} from './codes';
import { Batch } from './columns';

/**
 * Joins the layers into `predicted` and `decided_by`, and holds the observed action against it.
 * Any layer that denies → deny, even when another is unknown; a deny is decided by the first denying layer in packet
 * order (inbound: network ACL, then security group; outbound: security group, then network ACL).
 * Returns the number of rows whose action is unexpected without a cause.
 */
export function decideDrift(batch: Batch, from: u32, to: u32): u32 {
  let unexplained: u32 = 0;
  for (let i = from; i < to; i++) {
    const predicted = decidePrediction(batch, i);
    const action = (u32At(batch.present, i) & PRESENT_ACTION) != 0 ? u8At(batch.action, i) : ACTION_NULL;
    let drift = DRIFT_UNDETERMINED;
    let cause = DRIFT_CAUSE_NULL;
    if (predicted == VERDICT_EXEMPT || predicted == VERDICT_UNKNOWN || action == ACTION_NULL) {
      cause = undeterminedCause(predicted, action, u8At(batch.roleSplit, i));
    } else {
      const accepted = action == ACTION_ACCEPT;
      if (accepted == (predicted == VERDICT_ALLOW)) drift = DRIFT_AGREE;
      else if (accepted) drift = DRIFT_UNEXPECTED_ACCEPT;
      else {
        drift = DRIFT_UNEXPECTED_REJECT;
        const reason = u8At(batch.rejectReason, i);
        if (reason == REJECT_REASON_BPA) cause = DRIFT_CAUSE_BPA;
        else if (reason == REJECT_REASON_EC) cause = DRIFT_CAUSE_EC;
      }
    }
    put8(batch.drift, i, drift);
    put8(batch.driftCause, i, cause);
    unexplained += u32(drift >= DRIFT_UNEXPECTED_ACCEPT && cause == DRIFT_CAUSE_NULL);
  }
  return unexplained;
}

@inline
function decidePrediction(batch: Batch, i: u32): u32 {
  if (u8At(batch.predicted, i) == VERDICT_EXEMPT) {
    put32(batch.decidedBy, i, NO_RULE);
    return VERDICT_EXEMPT;
  }
  const sg = u8At(batch.sgVerdict, i);
  const nacl = u8At(batch.naclVerdict, i);
  let predicted = VERDICT_ALLOW;
  let decidedBy = NO_RULE;
  if (sg == VERDICT_DENY || nacl == VERDICT_DENY) {
    predicted = VERDICT_DENY;
    const sgFirst = u8At(batch.direction, i) == DIRECTION_EGRESS;
    const blameSg = sg == VERDICT_DENY && (sgFirst || nacl != VERDICT_DENY);
    decidedBy = i32At(blameSg ? batch.sgRule : batch.naclRule, i);
  } else if (sg == VERDICT_UNKNOWN || nacl == VERDICT_UNKNOWN) {
    predicted = VERDICT_UNKNOWN;
  } else {
    decidedBy = i32At(sg == VERDICT_ALLOW ? batch.sgRule : batch.naclRule, i);
  }
  put8(batch.predicted, i, predicted);
  put32(batch.decidedBy, i, decidedBy);
  return predicted;
}

/** No action outranks exempt and unknown: nothing was observed that rules could explain. */
@inline
function undeterminedCause(predicted: u32, action: u32, roleSplit: u32): u32 {
  if (action == ACTION_NULL) return DRIFT_CAUSE_NO_ACTION;
  if (predicted == VERDICT_EXEMPT) return DRIFT_CAUSE_EXEMPT;
  return roleSplit == 1 ? DRIFT_CAUSE_ROLE_UNKNOWN : DRIFT_CAUSE_MISSING_KNOWLEDGE;
}
