import { placeTables } from '../classify/kernel-tables.ts';
import { type Judge, openJudge, type VersionTables } from '../classify/tables.ts';
import type { KernelBlock, KernelHeap } from '../model/kernel-heap.ts';
import { Kind } from '../model/verdict.ts';
import { attachPodMap } from '../pods/pod-map.ts';
import { attachRules } from '../rules/arena.ts';
import { ENI_STRIDE, EniWord } from '../rules/view.ts';
import type { SharedVersion } from './versions.ts';

/** A judge whose tables lie in `blocks` of the kernel's memory. */
export interface PlacedJudge {
  readonly judge: Judge;
  readonly blocks: readonly KernelBlock[];
}

/**
 * The versions as a worker (or the main thread itself) judges by them: attached; what the passes of every row read is
 * copied into the memory of its kernel.
 */
export function attachVersions(
  versions: readonly SharedVersion[],
  heap: KernelHeap,
  namesServices: boolean,
): PlacedJudge {
  const blocks: KernelBlock[] = [];
  const tables: VersionTables[] = versions.map((shared) => {
    const rules = attachRules(shared.rules, 0, shared.rulesBytes);
    const pods = attachPodMap(shared.pods, 0, shared.podsBytes);
    const [table, ...sections] = placeTables(heap, { ...shared, rules, pods });
    blocks.push(table, ...sections);
    const isNat = (eni: number): boolean => rules.eni[eni * ENI_STRIDE + EniWord.kind] === Kind.natGateway;
    return {
      address: table.at,
      validFromSeconds: shared.validFromSeconds,
      rules,
      pods,
      snat: shared.snat,
      eniIndex: new Map(shared.eniIds.map((id, index) => [id, index])),
      vpcIndex: new Map(shared.vpcIds.map((id, index) => [id, index])),
      eniNumber: shared.eniNumbers,
      natGateways: shared.eniIds.flatMap((_, eni) => (isNat(eni) ? [eni] : [])),
      facts: shared.facts,
      hasNetworkPolicies: shared.hasNetworkPolicies,
    };
  });
  return {
    judge: openJudge(tables, namesServices),
    blocks,
  };
}
