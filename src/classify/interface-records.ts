import type { PodMapView } from '../pods/pod-map.ts';
import type { InterfaceFacts } from '../rules/interface-facts.ts';
import { ENI_STRIDE, type RulesView } from '../rules/view.ts';

/** Words of an interface's record behind those of EniWord: what pods and facts say of it. */
export const InterfaceWord = {
  /** Entry of its primary address, −1 = it has none. */
  primaryEntry: 9,
  /** VPC number of the pod map. */
  podVpc: 10,
  /** Bits of InterfaceFact. */
  facts: 11,
  /** Seconds in which any pod lives on it: [coverFirst, coverEnd) of the pod map's. */
  coverFirst: 12,
  coverEnd: 13,
  /** Its number over all versions. */
  number: 14,
} as const;

/** Words a record: one cache line, where the passes would otherwise meet as many as there are columns. */
export const INTERFACE_STRIDE = 16;

/** All that the passes of the kernel ask about an interface besides its rule sets, by ENI index. */
export function interfaceRecords(
  rules: RulesView,
  pods: PodMapView,
  facts: InterfaceFacts,
  numbers: Uint32Array,
): Int32Array {
  const count = numbers.length;
  const records = new Int32Array(count * INTERFACE_STRIDE);
  for (let eni = 0; eni < count; eni++) {
    const at = eni * INTERFACE_STRIDE;
    records.set(rules.eni.subarray(eni * ENI_STRIDE, (eni + 1) * ENI_STRIDE), at);
    records[at + InterfaceWord.primaryEntry] = pods.eniPrimaryEntry[eni]!;
    records[at + InterfaceWord.podVpc] = pods.eniVpc[eni]!;
    records[at + InterfaceWord.facts] = facts.flags[eni]!;
    records[at + InterfaceWord.coverFirst] = pods.coverFirst[eni]!;
    records[at + InterfaceWord.coverEnd] = pods.coverFirst[eni + 1]!;
    records[at + InterfaceWord.number] = numbers[eni]!;
  }
  return records;
}
