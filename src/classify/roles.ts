import { Role, RoleBasis, type VerdictBatch } from '../model/verdict.ts';
import { askRoles, type Twins } from './pairing.ts';
import type { Scratch, VersionTables } from './tables.ts';

/**
 * Steps 1–4 of the role ladder: what the record itself and declared listeners say, from the surest on down; before step
 * 3 what its twin and its reverse record say, when they agree.
 * Rows that none of them decides stay `unknown`/`none`; step 5 judges both hypotheses where the rules are at hand.
 */
export function decideRoles(
  verdicts: VerdictBatch,
  scratch: Scratch,
  tables: VersionTables,
  twins: Twins | null,
  from: number,
  to: number,
): void {
  const { kernel, batch } = scratch;
  kernel.rolesByEvidence(batch, tables.address, from, to);
  if (twins !== null) {
    askRoles(scratch, tables, twins, from, to);
    for (let i = from; i < to; i++) {
      if (verdicts.roleBasis[i] !== RoleBasis.none) continue;
      const roles = scratch.pairRoles[i];
      if (roles !== Role.request && roles !== Role.reply) continue;
      verdicts.role[i] = roles;
      verdicts.roleBasis[i] = RoleBasis.pair;
    }
  }
  kernel.rolesByGuess(batch, from, to);
}
