import { Cursor } from './cursor.ts';
import { podDocumentKind } from './event-documents.ts';
import type { PodEvents } from './pod-events.ts';
import { type CsvRows, isPodHistory } from './pod-history.ts';
import type { Warn } from './warnings.ts';

/** One parsed document of a file; a CSV file has `csv` instead of content. */
export interface SourceDocument {
  /** Path relative to the inventory folder, with `/`; a folder in it may name a version. */
  readonly file: string;
  readonly content: unknown;
  readonly csv?: CsvRows;
  /** What the lines of a recorded history told, read as a stream. */
  readonly events?: PodEvents;
}

/** Top-level keys of `aws … describe-*`: each holds a list of objects. */
const AWS_KEYS = new Set([
  'SecurityGroups',
  'SecurityGroupRules',
  'NetworkAcls',
  'RouteTables',
  'Subnets',
  'Vpcs',
  'NetworkInterfaces',
  'NetworkInterfaceClasses',
  'PrefixLists',
  'ManagedPrefixLists',
  'NatGateways',
  'InternetGateways',
  'VpcEndpoints',
  'VpcPeeringConnections',
  'TransitGateways',
  'TransitGatewayAttachments',
  'TransitGatewayVpcAttachments',
  'TransitGatewayPeeringAttachments',
  'TransitGatewayRouteTables',
  'VpcBlockPublicAccessExclusions',
  'LoadBalancers',
  'LoadBalancerDescriptions',
  'Listeners',
  'TargetGroups',
  'TagDescriptions',
  'Addresses',
  'Instances',
  'Reservations',
  'FlowLogs',
]);

/** Top-level keys that hold one object. */
const AWS_OBJECT_KEYS = new Set(['VpcBlockPublicAccessOptions']);

/** Keys of documents that AWS prints without saying what they belong to, and the sibling key that says it. */
const SIBLING_KEYS: ReadonlyMap<string, string> = new Map([
  ['Entries', 'PrefixListId'],
  ['Routes', 'TransitGatewayRouteTableId'],
  ['TargetHealthDescriptions', 'TargetGroupArn'],
  ['Attributes', 'TargetGroupArn'],
]);

/** Top-level keys that tell a document of AWS. */
export const DOCUMENT_KEYS: readonly string[] = [...AWS_KEYS, ...AWS_OBJECT_KEYS, ...SIBLING_KEYS.keys()];

/** Kinds of Kubernetes objects that are read. */
const READ_KINDS = new Set([
  'Pod',
  'Node',
  'Service',
  'ReplicaSet',
  'Job',
  'NetworkPolicy',
  'ServiceAccount',
  'DaemonSet',
  'EndpointSlice',
  'Ingress',
  'Gateway',
  'TargetGroupBinding',
  'NodeClass',
]);

/** Kinds that a dump of a cluster holds besides: known, not needed. */
const OTHER_KINDS = new Set([
  ...['Namespace', 'Event', 'Deployment', 'StatefulSet', 'CronJob', 'ReplicationController', 'Endpoints'],
  ...['IngressClass', 'GatewayClass', 'HTTPRoute', 'GRPCRoute', 'TCPRoute', 'TLSRoute'],
  ...['ConfigMap', 'ENIConfig', 'SecurityGroupPolicy', 'CNINode', 'PolicyEndpoint'],
]);

/** Elements of all documents by what they are: AWS's top-level keys and Kubernetes' kinds, in document order. */
export class Sections {
  private readonly elements = new Map<string, Cursor[]>();
  readonly podHistories: { readonly file: string; readonly rows: CsvRows }[] = [];
  readonly podEvents: PodEvents[] = [];
  /** Documents of SIBLING_KEYS with the id of what they belong to. */
  readonly pages: ReadonlyMap<string, Cursor[]> = new Map([...SIBLING_KEYS.keys()].map((key) => [key, []]));
  /** Documents that were recognised. */
  count = 0;
  private readonly warn: Warn;

  constructor(documents: readonly SourceDocument[], warn: Warn) {
    this.warn = warn;
    const perFile = new Map<string, number>();
    for (const { file } of documents) perFile.set(file, (perFile.get(file) ?? 0) + 1);
    const seen = new Map<string, number>();
    for (const document of documents) {
      const { file } = document;
      const number = (seen.get(file) ?? 0) + 1;
      seen.set(file, number);
      this.addFileDocument(document, (perFile.get(file) ?? 0) > 1 ? `(document ${number})` : '');
    }
  }

  /** Elements of a key or kind; undefined = no document of it was given. */
  given(name: string): readonly Cursor[] | undefined {
    return this.elements.get(name);
  }

  all(name: string): readonly Cursor[] {
    return this.elements.get(name) ?? [];
  }

  private put(name: string, elements: readonly Cursor[]): void {
    const list = this.elements.get(name);
    if (list === undefined) this.elements.set(name, [...elements]);
    else for (const element of elements) list.push(element);
  }

  private addFileDocument({ file, content, csv, events }: SourceDocument, root: string): void {
    if (events !== undefined) {
      this.podEvents.push(events);
      this.count++;
      return;
    }
    if (csv !== undefined) {
      if (isPodHistory(csv)) {
        this.podHistories.push({ file, rows: csv });
        this.count++;
      } else {
        const header = (csv[0] ?? []).join();
        this.warn(
          { file, path: 'line 1' },
          `not recognised: CSV header '${header.slice(0, 80)}', expected ip,namespace,pod,…`,
        );
      }
      return;
    }
    const cursor = new Cursor(content, file, null, root);
    const parts = Array.isArray(content) ? cursor.elements() : [cursor];
    for (const part of parts) this.addDocument(part);
  }

  private addDocument(cursor: Cursor): void {
    const history = podDocumentKind(cursor);
    if (history !== null) {
      this.put(history, history === 'AuditEvent' && cursor.has('items') ? cursor.objects('items') : [cursor]);
      this.count++;
      return;
    }
    let isRecognised = this.addKubernetes(cursor, null);
    for (const key of cursor.keys()) {
      const sibling = SIBLING_KEYS.get(key);
      // load balancers have documents of `Attributes` too
      if (key === 'Attributes' && !cursor.has('TargetGroupArn')) continue;
      if (sibling !== undefined && Array.isArray(cursor.at(key).value)) {
        isRecognised = true;
        if (!cursor.has(sibling))
          this.warn(cursor.at(key), `${key} without ${sibling} beside it: what they belong to is not known`);
        else this.pages.get(key)?.push(cursor);
      } else if (AWS_KEYS.has(key)) {
        isRecognised = true;
        this.addList(key, cursor);
      } else if (AWS_OBJECT_KEYS.has(key)) {
        isRecognised = true;
        this.put(key, [cursor.object(key) ?? []].flat());
      }
    }
    if (isRecognised) this.count++;
    else this.warn(cursor, `not recognised: ${contentOf(cursor)}`);
  }

  private addList(key: string, cursor: Cursor): void {
    const elements = cursor.objectsIfAny(key);
    if (elements === null) return;
    if (key === 'Reservations')
      this.put(
        'Instances',
        elements.flatMap((reservation) => reservation.objects('Instances')),
      );
    else this.put(key, elements);
  }

  /** `inherited` is the kind that the list says for items without one (`PodList` of an API server). */
  private addKubernetes(cursor: Cursor, inherited: string | null): boolean {
    const told = cursor.at('kind').value;
    const kind = typeof told === 'string' && told !== '' ? told : inherited;
    if (kind === null) return false;
    const itemKind = kind.endsWith('List') ? kind.slice(0, -'List'.length) : null;
    if (itemKind !== null && (itemKind === '' || READ_KINDS.has(itemKind) || OTHER_KINDS.has(itemKind))) {
      if (itemKind !== '') this.put(itemKind, []);
      for (const item of cursor.objects('items')) {
        if (!this.addKubernetes(item, itemKind === '' ? null : itemKind))
          this.warn(item, `not recognised: ${contentOf(item)}`);
      }
      return true;
    }
    if (READ_KINDS.has(kind)) this.put(kind, [cursor]);
    return READ_KINDS.has(kind) || OTHER_KINDS.has(kind);
  }
}

/** What stands where a document was expected, in few words. */
function contentOf(cursor: Cursor): string {
  const { value } = cursor;
  const kind = cursor.at('kind').value;
  if (typeof kind === 'string') return `kind ${kind.slice(0, 80)}`;
  const keys = cursor.keys();
  if (keys.length > 0)
    return `top-level keys ${keys.slice(0, 5).join(', ').slice(0, 80)}${keys.length > 5 ? ' …' : ''}`;
  if (typeof value === 'object' && value !== null) return 'an empty object';
  return `a ${value === null ? 'null' : typeof value}`;
}
