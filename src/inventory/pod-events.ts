import type { Address } from '../model/ip.ts';
import { type AuditFields, FIELD, ParsedFields } from './audit-fields.ts';
import { IDLE_STATUS_KEYS } from './audit-names.ts';
import type { Cursor } from './cursor.ts';
import { isTerminal, type PodObject, readBranchEni, readFinish, readPodAddresses, readPodObject } from './pods.ts';

/** Something the API server said of one pod at one time; absent = not said. */
export interface PodEvent {
  readonly source: 'audit' | 'watch';
  /** Unix seconds. */
  readonly time: number;
  /** `gone`: the object was removed; `bound`: only the node is known. */
  readonly kind: 'state' | 'bound' | 'gone';
  /** Folder of the file: only there does a name mean the same pod, for the files may be of several clusters. */
  readonly scope: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string | null;
  readonly nodeName: string | null;
  readonly object: PodObject | null;
  readonly addresses: readonly Address[];
  readonly hostAddress: Address | null;
  readonly eniId: string | null;
  readonly startTime: number | null;
  readonly terminal: boolean;
  readonly finishedAt: number | null;
  /** Latest instant at which the pod may still have had its address, where that is later than `time`. */
  readonly until: number | null;
}

/** A list that replaced a broken watch: pods that were open and are not in it went away meanwhile. */
export interface PodRelist {
  /** Scope of its file. */
  readonly scope: string;
  readonly time: number;
  readonly uids: ReadonlySet<string>;
}

/** Events of one source in the order they were written. */
export interface PodEvents {
  readonly events: readonly PodEvent[];
  readonly relists: readonly PodRelist[];
}

const NOWHERE: readonly Address[] = [];

const AUDIT_GROUP = 'audit.k8s.io/';
const NODE_USER = 'system:node:';

/** True for an object of the API server's audit log, whatever it is about. */
export function isAuditEvent(cursor: Cursor): boolean {
  const version = cursor.at('apiVersion').value;
  return cursor.at('kind').value === 'Event' && typeof version === 'string' && version.startsWith(AUDIT_GROUP);
}

/** True for what `kubectl get … --watch --output-watch-events` prints: `{"type": "ADDED", "object": …}`. */
export function isWatchEvent(cursor: Cursor): boolean {
  const type = cursor.at('type').value;
  return (
    typeof type === 'string' && /^(ADDED|MODIFIED|DELETED|BOOKMARK|ERROR|LIST)$/.test(type) && cursor.has('object')
  );
}

/** Verbs that write; no other request tells of a pod. */
const WRITES: ReadonlySet<unknown> = new Set(['create', 'update', 'patch', 'delete']);

/**
 * What an audit event tells of a pod, null when nothing. Policy of EKS: pods/status is logged with the request's body,
 * other writes to pods with both bodies (EKS Best Practices, "Detective controls").
 */
export function podEventOfAudit(cursor: Cursor): PodEvent | null {
  return podEventOfFields(new ParsedFields(cursor));
}

/** The same of its fields: what is not among them is never seen. */
export function podEventOfFields(fields: AuditFields): PodEvent | null {
  // AuditLine judges by these without parsing the rest
  if (fields.text(FIELD.resource) !== 'pods') return null;
  const verb = fields.text(FIELD.verb);
  if (!WRITES.has(verb)) return null;
  const request = bodyOf(fields, FIELD.request);
  const subresource = fields.text(FIELD.subresource);
  if (verb === 'patch' && subresource === 'status' && isIdle(request)) return null;
  const code = fields.value(FIELD.code);
  const stage = fields.text(FIELD.stage);
  if (stage !== null && stage !== 'ResponseComplete') return null;
  if (typeof code === 'number' && (code < 200 || code > 299)) return null;
  const time = fields.instant(FIELD.received) ?? fields.instant(FIELD.staged);
  if (time === null) return fields.fail(FIELD.received, 'the time of the request');
  const response = bodyOf(fields, FIELD.response);
  const told = response?.at('metadata').text('uid') ?? request?.at('metadata').text('uid') ?? fields.text(FIELD.uid);
  const name = fields.text(FIELD.name) ?? response?.at('metadata').text('name') ?? null;
  if (name === null) return null;
  const user = fields.text(FIELD.username) ?? '';
  const event = new Draft('audit', scopeOf(fields), time, name);
  event.namespace = fields.text(FIELD.namespace) ?? 'default';
  event.uid = told;
  if (verb === 'delete') return deletion(event, user, request);
  return written(event, subresource, user, request, response);
}

/** True when `podEventOfFields` looks at nothing of the request: the object as it became tells everything. */
export function isToldByResponse(fields: AuditFields): boolean {
  const response = fields.body(FIELD.response);
  return typeof response.at('metadata').at('uid').value === 'string' && response.has('spec');
}

/** A status of conditions alone. */
function isIdle(request: Cursor | null): boolean {
  const status = request?.at('status');
  const keys = status?.keys() ?? [];
  return keys.length > 0 && keys.every((key) => IDLE_STATUS_KEYS.has(key));
}

function scopeOf({ file }: { readonly file: string }): string {
  if (file !== lastScope.file) lastScope = { file, scope: file.slice(0, Math.max(0, file.lastIndexOf('/'))) };
  return lastScope.scope;
}

/** Millions of events are of one file: one text for all of them. */
let lastScope = { file: '', scope: '' };

/** Node of a kubelet's user: one text for all events of a node. Null for other users. */
function nodeOf(user: string): string | null {
  if (!user.startsWith(NODE_USER)) return null;
  let name = nodeNames.get(user);
  if (name === undefined) {
    if (nodeNames.size === NODE_NAMES_MAX) nodeNames.clear();
    name = user.slice(NODE_USER.length);
    nodeNames.set(user, name);
  }
  return name;
}

const nodeNames = new Map<string, string>();
const NODE_NAMES_MAX = 10_000;

/**
 * An event that says nothing yet. Made by a constructor: code that makes literals which live long is compiled once more
 * as soon as that is seen.
 */
class Draft implements PodEvent {
  readonly source: PodEvent['source'];
  readonly time: number;
  kind: PodEvent['kind'] = 'state';
  readonly scope: string;
  namespace = 'default';
  readonly name: string;
  uid: string | null = null;
  nodeName: string | null = null;
  object: PodObject | null = null;
  addresses: readonly Address[] = NOWHERE;
  hostAddress: Address | null = null;
  eniId: string | null = null;
  startTime: number | null = null;
  terminal = false;
  finishedAt: number | null = null;
  until: number | null = null;

  constructor(source: PodEvent['source'], scope: string, time: number, name: string) {
    this.source = source;
    this.time = time;
    this.scope = scope;
    this.name = name;
  }
}

/** Only the kubelet's last delete, or one without grace, ends a pod; any other starts its termination. */
function deletion(event: Draft, user: string, request: Cursor | null): PodEvent | null {
  event.uid ??= request?.object('preconditions')?.text('uid') ?? null;
  event.kind = 'gone';
  return user.startsWith(NODE_USER) || request?.at('gracePeriodSeconds').value === 0 ? event : null;
}

function written(
  event: Draft,
  subresource: string | null,
  user: string,
  request: Cursor | null,
  response: Cursor | null,
): PodEvent | null {
  if (subresource === 'binding') {
    event.kind = 'bound';
    event.nodeName = request?.object('target')?.text('name') ?? null;
    return event.nodeName === null ? null : event;
  }
  if (subresource === 'status') {
    if (request === null) return null;
    event.nodeName = nodeOf(user);
    takeStatus(event, request);
    return event;
  }
  if (subresource !== null) return null;
  if (response?.has('spec') === true) takeObject(event, response);
  else event.eniId = request === null ? null : readBranchEni(request.at('metadata'));
  return event;
}

/** A body that is an object: a JSON patch is a list of operations and names no fields. */
function bodyOf(fields: AuditFields, field: number): Cursor | null {
  const body = fields.body(field);
  return body.keys().length === 0 ? null : body;
}

function takeObject(event: Draft, pod: Cursor): void {
  const object = readPodObject(pod);
  event.object = object;
  event.nodeName = object.nodeName;
  event.eniId = object.eniId;
  takeStatus(event, pod);
}

function takeStatus(event: Draft, pod: Cursor): void {
  const status = pod.object('status');
  if (status === null) return;
  event.addresses = readPodAddresses(status);
  event.hostAddress = status.address('hostIP');
  event.startTime = status.instant('startTime');
  event.terminal = isTerminal(status.text('phase'));
  event.finishedAt = readFinish(status);
}

/**
 * What a recorded watch event tells; null for bookmarks, errors and objects of other kinds. `time` beside the object is
 * when it arrived; without it the object's latest write is taken.
 */
export function podEventOfWatch(cursor: Cursor): PodEvent | null {
  const object = cursor.at('object');
  const type = cursor.text('type');
  const kind = object.at('kind').value;
  if (type === 'BOOKMARK' || type === 'ERROR' || (kind !== undefined && kind !== 'Pod')) return null;
  return watched(object, cursor.instant('time'), type === 'DELETED');
}

function watched(object: Cursor, arrived: number | null, isGone: boolean): PodEvent | null {
  const pod = readPodObject(object);
  const metadata = object.at('metadata');
  const time = arrived ?? latestWrite(object);
  if (time === null) return null;
  const event = new Draft('watch', scopeOf(object), time, pod.name);
  event.kind = isGone ? 'gone' : 'state';
  event.namespace = pod.namespace;
  event.uid = pod.uid;
  event.nodeName = pod.nodeName;
  event.eniId = pod.eniId;
  event.object = pod;
  takeStatus(event, object);
  // an object that is gone may have lived on for its grace after its last write
  if (isGone && arrived === null) event.until = metadata.instant('deletionTimestamp');
  return event;
}

/** The pods of a list that the watch began again with: as many events, and who is in it. */
export function relistOfWatch(cursor: Cursor): { readonly events: PodEvent[]; readonly relist: PodRelist } | null {
  if (cursor.text('type') !== 'LIST') return null;
  const time = cursor.instant('time');
  if (time === null) return cursor.at('time').fail('the time of the list');
  const items = cursor.at('object').objects('items');
  const events = items.flatMap((item) => watched(item, time, false) ?? []);
  return {
    events,
    relist: { scope: scopeOf(cursor), time, uids: new Set(events.flatMap((event) => event.uid ?? [])) },
  };
}

/** Time of the last write an object tells of: its managed fields, else the times in its status. */
function latestWrite(object: Cursor): number | null {
  const metadata = object.at('metadata');
  const status = object.at('status');
  const times = [
    ...metadata.objects('managedFields').map((entry) => entry.instant('time')),
    ...status.objects('conditions').map((entry) => entry.instant('lastTransitionTime')),
    status.instant('startTime'),
    metadata.instant('creationTimestamp'),
    readFinish(status),
  ].filter((time) => time !== null);
  return times.length === 0 ? null : Math.max(...times);
}
