import type { Inventory, PodInterval } from '../../src/inventory/inventory.ts';
import { ATTRIBUTION, type Attribution } from '../../src/model/verdict.ts';
import { buildPodMap } from '../../src/pods/build.ts';
import { ownerEntry4, ownerEntry6, podsAt, resolvedAttribution, resolvePod } from '../../src/pods/lookup.ts';
import { attachPodMap, type PodMapView } from '../../src/pods/pod-map.ts';
import { numberVpcs } from '../../src/pods/vpc-numbers.ts';
import { address, inventory } from './inventory.ts';

/** `namespace/name` at an address over [start, end); everything else unknown. */
export function pod(
  name: string,
  at: string,
  startSeconds = Number.NEGATIVE_INFINITY,
  endSeconds = Number.POSITIVE_INFINITY,
  more: Partial<PodInterval> = {},
): PodInterval {
  const [namespace = '', short = ''] = name.split('/');
  return {
    namespace,
    name: short,
    uid: null,
    workload: null,
    nodeName: null,
    isNodeTold: more.nodeName != null,
    serviceAccount: null,
    vpcId: null,
    eniId: null,
    address: address(at),
    hostNetwork: false,
    startSeconds,
    endSeconds,
    softStartSeconds: startSeconds,
    softEndSeconds: endSeconds,
    sources: ['csv'],
    listeners: [],
    hostListeners: [],
    services: [],
    ...more,
  };
}

/** A pod map that was built and attached, asked by text. */
export interface AskedPodMap {
  readonly view: PodMapView;
  readonly inventory: Inventory;
  readonly warnings: readonly string[];
  /** Entry of an address as seen from a VPC id; null = from nowhere. */
  readonly entry: (vpcId: string | null, at: string) => number;
  /** Owner interface's id and who held the address in the window. */
  readonly ask: (vpcId: string | null, at: string, start: number, end: number) => Answer;
}

export interface Answer {
  readonly eni: string | null;
  readonly pod: string | null;
  readonly uid: string | null;
  readonly attribution: Attribution;
  readonly candidates: readonly string[];
}

export function askPodMap(parts: Partial<Inventory>): AskedPodMap {
  const inv = inventory(parts);
  const built = buildPodMap(inv);
  const view = attachPodMap(built.buffer, 0, built.byteLength);
  const nameOf = (index: number): string => `${inv.pods[index]?.namespace}/${inv.pods[index]?.name}`;
  const entry = (vpcId: string | null, at: string): number => {
    const vpc = vpcId === null ? -1 : (numberVpcs(inv).byId.get(vpcId) ?? -1);
    const { family, words } = address(at);
    return family === 4 ? ownerEntry4(view, vpc, words[0]) : ownerEntry6(view, vpc, ...words);
  };
  const ask = (vpcId: string | null, at: string, start: number, end: number): Answer => {
    const found = entry(vpcId, at);
    if (found < 0) return { eni: null, pod: null, uid: null, attribution: 'none', candidates: [] };
    const index = resolvePod(view, found, start, end);
    return {
      eni: inv.networkInterfaces[view.entryEni[found] ?? -1]?.id ?? null,
      pod: index < 0 ? null : nameOf(index),
      uid: inv.pods[index]?.uid ?? null,
      attribution: ATTRIBUTION[resolvedAttribution()] ?? 'none',
      candidates: podsAt(view, found, start, end).map(nameOf),
    };
  };
  return { view, inventory: inv, warnings: built.warnings.map(({ message }) => message), entry, ask };
}
