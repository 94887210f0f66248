import { FlowtrieError } from '../model/errors.ts';
import type { Cursor } from './cursor.ts';
import { envelopeMessages } from './event-lines.ts';
import { isIpamdDocument } from './ipamd.ts';
import { isMetricDocument } from './metric-samples.ts';
import {
  isAuditEvent,
  isWatchEvent,
  type PodEvent,
  type PodEvents,
  type PodRelist,
  podEventOfAudit,
  podEventOfWatch,
  relistOfWatch,
} from './pod-events.ts';
import type { Warn } from './warnings.ts';

/** Documents that tell of pods over time, printed as a whole instead of line by line. */
export type PodDocumentKind = 'AuditEvent' | 'WatchEvent' | 'LogEvents' | 'Metrics' | 'Ipamd';

export function podDocumentKind(cursor: Cursor): PodDocumentKind | null {
  if (isAuditEvent(cursor) || isAuditList(cursor)) return 'AuditEvent';
  if (isWatchEvent(cursor)) return 'WatchEvent';
  if (isLogEvents(cursor, 'logEvents') || isLogEvents(cursor, 'events')) return 'LogEvents';
  if (isMetricDocument(cursor)) return 'Metrics';
  return isIpamdDocument(cursor) ? 'Ipamd' : null;
}

function isAuditList(cursor: Cursor): boolean {
  const version = cursor.at('apiVersion').value;
  return cursor.at('kind').value === 'EventList' && typeof version === 'string' && version.startsWith('audit.k8s.io/');
}

function isLogEvents(cursor: Cursor, key: string): boolean {
  const { value } = cursor.at(key);
  const [first] = Array.isArray(value) ? (value as readonly unknown[]) : [];
  return typeof first === 'object' && first !== null && 'message' in first;
}

/** Events of documents by kind; one that does not fit is said and left out. */
export function readEventDocuments(
  sections: { all(name: PodDocumentKind): readonly Cursor[] },
  warn: Warn,
): PodEvents[] {
  const events: PodEvent[] = [];
  const relists: PodRelist[] = [];
  const read = (cursor: Cursor, reader: () => void): void => {
    try {
      reader();
    } catch (error) {
      if (!(error instanceof FlowtrieError || error instanceof SyntaxError)) throw error;
      warn(cursor, `not used: ${error.message.replace(`${cursor.file}: `, '')}`);
    }
  };
  const take = (event: PodEvent | null): void => {
    if (event !== null) events.push(event);
  };
  for (const cursor of sections.all('AuditEvent')) read(cursor, () => take(podEventOfAudit(cursor)));
  for (const cursor of sections.all('LogEvents')) {
    read(cursor, () => {
      for (const message of envelopeMessages(cursor)) if (isAuditEvent(message)) take(podEventOfAudit(message));
    });
  }
  for (const cursor of sections.all('WatchEvent')) {
    read(cursor, () => {
      const list = relistOfWatch(cursor);
      if (list === null) return take(podEventOfWatch(cursor));
      events.push(...list.events);
      relists.push(list.relist);
    });
  }
  return events.length + relists.length === 0 ? [] : [{ events, relists }];
}
