import { strict as assert } from 'node:assert';
import { FIELD, FIELD_PLACES } from './audit-fields.ts';
import * as layout from './audit-layout.ts';

/** Names in an object and what is read of their values: all, that they are there, or names in objects inside. */
interface Names {
  readonly [name: string]: 'kept' | 'mentioned' | Names;
}

/** A status of these alone tells nothing of an address or an end: most of what is written. */
export const IDLE_STATUS_KEYS: ReadonlySet<string> = new Set(['conditions', '$setElementOrder/conditions']);

const BRANCH_ENI: Names = { 'vpc.amazonaws.com/pod-eni': 'kept' };
const CONTAINER: Names = { ports: 'kept', restartPolicy: 'kept' };
const STATUS: Names = {
  phase: 'kept',
  podIP: 'kept',
  podIPs: 'kept',
  hostIP: 'kept',
  startTime: 'kept',
  containerStatuses: { state: { terminated: { finishedAt: 'kept' } } },
  ...Object.fromEntries([...IDLE_STATUS_KEYS].map((key) => [key, 'mentioned'])),
};

/**
 * Everything that is read of the bodies of an event by `podEventOfFields`, `isToldByResponse` and what they call. What
 * is not named here they never see.
 */
const REQUEST: Names = {
  metadata: { uid: 'kept', annotations: BRANCH_ENI },
  status: STATUS,
  target: { name: 'kept' },
  gracePeriodSeconds: 'kept',
  preconditions: { uid: 'kept' },
};
const RESPONSE: Names = {
  metadata: {
    ...{ name: 'kept', namespace: 'kept', uid: 'kept', labels: 'kept', annotations: BRANCH_ENI },
    ownerReferences: { kind: 'kept', name: 'kept', controller: 'kept' },
  },
  spec: {
    ...{ nodeName: 'kept', serviceAccountName: 'kept', hostNetwork: 'kept' },
    ...{ containers: CONTAINER, initContainers: CONTAINER },
  },
  status: STATUS,
};

/** Lists that tell what an event is about, by the place of their address. */
const OUTLINE: readonly (readonly [number, Readonly<Record<string, number>>])[] = [
  [
    layout.LIST_MEMBERS,
    {
      kind: layout.KIND,
      apiVersion: layout.API_VERSION,
      verb: layout.VERB,
      objectRef: layout.OBJECT_REF,
      requestObject: layout.REQUEST,
      responseObject: layout.RESPONSE,
    },
  ],
  [layout.LIST_EVENT, { Event: 1 }],
  [layout.LIST_GROUP, { 'audit.k8s.io/': 1 }],
  [layout.LIST_VERBS, { create: layout.WRITE, update: layout.WRITE, patch: layout.PATCH, delete: layout.DELETE }],
  [layout.LIST_REFERENCE, { resource: layout.RESOURCE, subresource: layout.SUBRESOURCE }],
  [layout.LIST_PODS, { pods: 1 }],
  [layout.LIST_STATUS, { status: 1 }],
  [layout.LIST_IDLE, Object.fromEntries([...IDLE_STATUS_KEYS].map((key) => [key, 1]))],
];

/** Lists of names in the memory of the audit kernel. */
class NameLists {
  private readonly memory: Buffer;
  private at = layout.NAMES;

  constructor(memory: Buffer) {
    this.memory = memory;
    memory.fill(255, layout.NAME_MASKS, layout.NAME_MASKS + layout.NAME_BYTES_MAX);
    memory.fill(0, layout.NAME_MASKS + layout.NAME_BYTES_MAX, layout.NAME_MASKS + 2 * layout.NAME_BYTES_MAX);
  }

  /** Address of a list of such names. */
  put(codes: ReadonlyMap<string, number>): number {
    const list = this.at;
    this.memory.writeUInt32LE(codes.size, list);
    this.at += layout.NAMES_HEAD;
    for (const [name, code] of codes) {
      const length = this.memory.write(name, this.at + layout.NAME_BYTES);
      assert(length <= layout.NAME_BYTES_MAX, `audit kernel: ${name} is too long`);
      this.memory.writeUInt32LE(length, this.at + layout.NAME_LENGTH);
      this.memory.writeUInt32LE(code, this.at + layout.NAME_CODE);
      this.at += layout.NAME_STRIDE;
    }
    assert(this.at <= layout.NAMES_END, 'audit kernel: too many names');
    return list;
  }

  /** The same for names that have lists themselves. */
  putTree(names: Names): number {
    const codes = Object.entries(names).map(([name, told]): [string, number] => {
      if (told === 'kept') return [name, layout.KEPT];
      return [name, told === 'mentioned' ? layout.MENTIONED : this.putTree(told)];
    });
    return this.put(new Map(codes));
  }
}

/** Lists of the fields of an event: a field's code is one more than its number. */
function putFields(lists: NameLists): number {
  const numbered = FIELD_PLACES.map(([object, name], field) => ({ object, name, code: field + 1 }));
  const codesIn = (wanted: string | null): [string, number][] =>
    numbered.flatMap(({ object, name, code }) => (object === wanted ? [[name, code]] : []));
  const objects = new Set(numbered.flatMap(({ object }) => object ?? []));
  const inside = [...objects].map((object): [string, number] => [object, lists.put(new Map(codesIn(object)))]);
  return lists.put(new Map([...codesIn(null), ...inside]));
}

/** Writes all lists, and where they are. */
export function writeNames(memory: Buffer): void {
  const lists = new NameLists(memory);
  const put = (place: number, list: number): void => void memory.writeUInt32LE(list, layout.LISTS + place);
  for (const [place, codes] of OUTLINE) put(place, lists.put(new Map(Object.entries(codes))));
  put(layout.LIST_EVENT_FIELDS, putFields(lists));
  put(layout.LIST_REQUEST, lists.putTree(REQUEST));
  put(layout.LIST_RESPONSE, lists.putTree(RESPONSE));
  assert(FIELD.request === layout.FIELD_REQUEST && FIELD.response === layout.FIELD_RESPONSE, 'audit kernel: fields');
}
