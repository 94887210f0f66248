import type { Inventory, InventoryWarning, PodSource } from '../inventory/inventory.ts';
import type { Address } from '../model/ip.ts';
import { ATTRIBUTION, type Attribution } from '../model/verdict.ts';
import { buildPodMap } from './build.ts';
import { intervalsOf, ownerEntry4, ownerEntry6, podsAt, resolvedAttribution, resolvePod } from './lookup.ts';
import { attachPodMap, FOREVER, type PodMapView } from './pod-map.ts';
import { numberVpcs } from './vpc-numbers.ts';

/** A pod that held an address, as records are attributed: overlaps are settled. */
export interface Holder {
  readonly namespace: string;
  readonly pod: string;
  readonly uid: string | null;
  readonly workload: string | null;
  readonly node: string | null;
  readonly serviceAccount: string | null;
  /** IAM role of the service account. */
  readonly role: string | null;
  /** Certainly held in [start, end), possibly in [softStart, softEnd); Unix seconds, null = not known. */
  readonly start: number | null;
  readonly end: number | null;
  readonly softStart: number | null;
  readonly softEnd: number | null;
  readonly sources: readonly PodSource[];
}

/** Everything known of one address in one VPC. */
export interface AddressHistory {
  /** null = the VPC is not known. */
  readonly vpc: string | null;
  readonly interface: string | null;
  readonly interfaceKind: string | null;
  readonly node: string | null;
  /** True when the address is its interface's own primary one. */
  readonly primary: boolean;
  /** Ascending in start. */
  readonly holders: readonly Holder[];
  /** Who it was at the second asked for; null = no time was asked for. */
  readonly answer: { readonly attribution: Attribution; readonly pods: readonly string[] } | null;
}

export interface AddressBook {
  readonly warnings: readonly InventoryWarning[];
  /** One history for each VPC that holds the address. */
  historyOf(address: Address, atSeconds: number | null): AddressHistory[];
}

/** Answers who held an address when, from one version of an inventory. */
export function openAddressBook(inventory: Inventory): AddressBook {
  const built = buildPodMap(inventory);
  const view = attachPodMap(built.buffer, 0, built.byteLength);
  const vpcs = numberVpcs(inventory);
  const vpcIds = [...vpcs.byId].map(([id]) => id);
  const roles = new Map(inventory.serviceAccounts.map((a) => [`${a.namespace}/${a.name}`, a.roleArn]));
  return {
    warnings: built.warnings,
    historyOf: (address, atSeconds) => {
      const entries = new Set<number>();
      for (let vpc = -1; vpc < vpcs.count; vpc++) {
        const entry = entryOf(view, vpc, address);
        if (entry >= 0) entries.add(entry);
      }
      return [...entries].map((entry) => historyOf(inventory, view, vpcIds, roles, entry, atSeconds));
    },
  };
}

function entryOf(view: PodMapView, vpc: number, { family, words }: Address): number {
  return family === 4 ? ownerEntry4(view, vpc, words[0]) : ownerEntry6(view, vpc, ...words);
}

function historyOf(
  inventory: Inventory,
  view: PodMapView,
  vpcIds: readonly string[],
  roles: ReadonlyMap<string, string | null>,
  entry: number,
  atSeconds: number | null,
): AddressHistory {
  const eni = inventory.networkInterfaces[view.entryEni[entry] ?? -1];
  const node = inventory.nodes.find(({ instanceId }) => instanceId !== null && instanceId === eni?.instanceId);
  return {
    vpc: vpcIds[view.entryVpc[entry] ?? -1] ?? null,
    interface: eni?.id ?? null,
    interfaceKind: eni?.kind ?? null,
    node: node?.name ?? eni?.instanceId ?? null,
    primary: view.entryIsOwn[entry] === 1,
    holders: intervalsOf(view, entry).map(({ pod, ...times }) => holderOf(inventory, roles, pod, times)),
    answer: atSeconds === null ? null : answerAt(inventory, view, entry, atSeconds),
  };
}

interface Times {
  readonly start: number;
  readonly end: number;
  readonly softStart: number;
  readonly softEnd: number;
}

function holderOf(
  inventory: Inventory,
  roles: ReadonlyMap<string, string | null>,
  index: number,
  times: Times,
): Holder {
  const pod = inventory.pods[index];
  if (pod === undefined) throw new Error(`pod ${index} is not in the inventory`);
  const begun = (seconds: number): number | null => (seconds <= 0 ? null : seconds);
  const ended = (seconds: number): number | null => (seconds >= FOREVER ? null : seconds);
  return {
    ...{ namespace: pod.namespace, pod: pod.name, uid: pod.uid, workload: pod.workload, node: pod.nodeName },
    serviceAccount: pod.serviceAccount,
    role: roles.get(`${pod.namespace}/${pod.serviceAccount ?? ''}`) ?? null,
    ...{ start: begun(times.start), end: ended(times.end) },
    ...{ softStart: begun(times.softStart), softEnd: ended(times.softEnd) },
    sources: pod.sources,
  };
}

function answerAt(inventory: Inventory, view: PodMapView, entry: number, at: number): AddressHistory['answer'] {
  const pod = resolvePod(view, entry, at, at + 1);
  const attribution = ATTRIBUTION[resolvedAttribution()] ?? 'none';
  const candidates = pod >= 0 && attribution !== 'candidates' ? [pod] : podsAt(view, entry, at, at + 1);
  const pods = attribution === 'none' ? [] : candidates;
  return { attribution, pods: pods.map((p) => `${inventory.pods[p]?.namespace}/${inventory.pods[p]?.name}`) };
}
