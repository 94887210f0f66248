import type { Cursor } from './cursor.ts';
import type { RecognisedDocuments } from './documents.ts';

/** Controllers of ReplicaSets and Jobs, by namespace and name. */
export class ReplicaOwners {
  private readonly owners = new Map<string, string | null>();

  constructor(documents: RecognisedDocuments) {
    for (const kind of ['ReplicaSet', 'Job']) {
      for (const item of documents.kind(kind)) {
        const namespace = item.get('metadata').get('namespace').text() ?? 'default';
        this.owners.set(`${kind} ${namespace}/${item.get('metadata').get('name').required()}`, controllerOf(item));
      }
    }
  }

  /** `Kind/name` of the owner, null = it has none, undefined = the object was not given. */
  of(kind: string, namespace: string, name: string): string | null | undefined {
    return this.owners.get(`${kind} ${namespace}/${name}`);
  }
}

function controllerOf(item: Cursor): string | null {
  const references = item.get('metadata').get('ownerReferences').list();
  const controller = references.find((reference) => reference.get('controller').flag() === true) ?? references[0];
  if (controller === undefined) return null;
  return `${controller.get('kind').required()}/${controller.get('name').required()}`;
}

/**
 * Workload of a pod: its controller; a ReplicaSet stands for its Deployment, a Job for its CronJob. Without the ReplicaSet
 * object the name is inferred from the label pod-template-hash, or the hash at the end of the ReplicaSet's name.
 */
export function ownerOf(pod: Cursor, owners: ReplicaOwners): string | null {
  const controller = controllerOf(pod);
  const metadata = pod.get('metadata');
  if (controller === null) return `Pod/${metadata.get('name').required()}`;
  const slash = controller.indexOf('/');
  const kind = controller.slice(0, slash);
  const name = controller.slice(slash + 1);
  if (kind !== 'ReplicaSet' && kind !== 'Job') return controller;
  const above = owners.of(kind, metadata.get('namespace').text() ?? 'default', name);
  if (above !== undefined) return above ?? controller;
  if (kind === 'Job') return /-\d{8,}$/.test(name) ? `CronJob/${name.replace(/-\d+$/, '')}` : controller;
  const hash = metadata.get('labels').get('pod-template-hash').text();
  if (hash !== null && name.endsWith(`-${hash}`)) return `Deployment/${name.slice(0, -hash.length - 1)}`;
  const inferred = /^(.+)-[bcdfghjklmnpqrstvwxz2456789]{5,10}$/.exec(name)?.[1];
  return inferred === undefined ? controller : `Deployment/${inferred}`;
}
