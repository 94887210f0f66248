import type { Condition } from '../model/filter.ts';
import type { Names, PodName } from '../model/names.ts';

type NameFilter = 'namespace' | 'pod' | 'workload' | 'rule';

/** Per inventory version, one byte for each pod (or rule): 1 = one of the names means it. */
export type NameSets = readonly Uint8Array[];

/**
 * Resolves the names of one filter to pods or rules, once a run. A full pod name means that pod; any other text is a
 * prefix of pod names, as in `hubble observe`. Without a namespace, pods and workloads of every namespace are meant.
 */
export function nameSets(filter: NameFilter, texts: readonly string[], versions: readonly Names[]): NameSets {
  if (filter === 'rule') {
    const ids = new Set(texts);
    return versions.map(({ rules }) => Uint8Array.from(rules, (id) => Number(ids.has(id))));
  }
  const tests = texts.map((text) => podTest(filter, text, versions));
  return versions.map(({ pods }) => Uint8Array.from(pods, (pod) => Number(tests.some((test) => test(pod)))));
}

/** Names of a filter that mean nothing in any version of the inventory: most likely a slip of the user. */
export function unknownNames(conditions: readonly Condition[], versions: readonly Names[]): readonly Condition[] {
  return conditions.filter((condition) => {
    if (!('name' in condition) || condition.filter === 'eni' || condition.name === 'implicit-deny') return false;
    return nameSets(condition.filter, [condition.name], versions).every((set) => !set.includes(1));
  });
}

function podTest(
  filter: 'namespace' | 'pod' | 'workload',
  text: string,
  versions: readonly Names[],
): (pod: PodName) => boolean {
  if (filter === 'namespace') return (pod) => pod.namespace === text;
  const parts = text.split('/');
  if (filter === 'workload') return workloadTest(parts);
  const namespace = parts.length > 1 ? parts[0] : undefined;
  const name = parts.slice(namespace === undefined ? 0 : 1).join('/');
  const inNamespace = (pod: PodName): boolean => namespace === undefined || pod.namespace === namespace;
  const isFull = versions.some(({ pods }) => pods.some((pod) => pod.name === name && inNamespace(pod)));
  return (pod) => inNamespace(pod) && (isFull ? pod.name === name : pod.name.startsWith(name));
}

/** `web`, `Deployment/web`, `shop/web` or `shop/Deployment/web`. */
function workloadTest(parts: readonly string[]): (pod: PodName) => boolean {
  const name = parts.at(-1);
  const [first, second] = parts.length > 1 ? parts : [];
  return ({ namespace, workload }) => {
    if (workload === null) return false;
    const slash = workload.indexOf('/');
    if (workload.slice(slash + 1) !== name) return false;
    const kind = workload.slice(0, slash);
    if (parts.length === 1) return true;
    return parts.length === 2 ? first === kind || first === namespace : first === namespace && second === kind;
  };
}
