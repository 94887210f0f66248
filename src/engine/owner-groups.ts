import type { EniName, Names, PodName } from '../model/names.ts';
import { KIND, Kind } from '../model/verdict.ts';
import { OWNERLESS, type OwnerGroups } from './tally.ts';

/** Group numbers of all owners of one version, and the label of each number. */
export interface LabelledGroups {
  readonly groups: OwnerGroups;
  readonly labels: readonly string[];
}

/**
 * Gives every pod the number of its workload and every interface that of what it serves, so that workers group by
 * integers. Labels: `shop/web` for pods, `node ip-10-0-1-6`, `load-balancer shop/web`, `nat-gateway nat-0a` … for the
 * rest.
 */
export function groupOwners(names: Names, eniKinds: readonly number[]): LabelledGroups {
  const labels: string[] = [];
  const numbers = new Map<string, number>();
  const numberOf = (label: string): number => {
    let number = numbers.get(label);
    if (number === undefined) {
      number = labels.push(label) - 1;
      numbers.set(label, number);
    }
    return number;
  };
  const pod = new Int32Array(new SharedArrayBuffer(names.pods.length * 4));
  const eni = new Int32Array(new SharedArrayBuffer(names.enis.length * 4));
  names.pods.forEach((name, i) => {
    pod[i] = numberOf(podLabel(name));
  });
  names.enis.forEach((name, i) => {
    eni[i] = numberOf(eniLabel(name, eniKinds[i] ?? Kind.unknown));
  });
  return { groups: { pod, eni }, labels };
}

/** `namespace/workload`, or `namespace/pod` when the workload is not known. */
function podLabel(pod: PodName): string {
  return `${pod.namespace}/${pod.workload === null ? pod.name : pod.workload.slice(pod.workload.indexOf('/') + 1)}`;
}

function eniLabel(eni: EniName, kind: number): string {
  const word = KIND[kind] ?? 'eni';
  return `${word} ${(kind === Kind.node ? eni.node : eni.service) ?? eni.id}`;
}

/** Label of a group number as counted by a Tally. */
export function groupLabel(labels: readonly string[], group: number): string {
  return group >= OWNERLESS ? (KIND[group - OWNERLESS] ?? 'unknown') : (labels[group] ?? 'unknown');
}
