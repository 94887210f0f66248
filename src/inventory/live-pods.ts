import { FlowtrieError } from '../model/errors.ts';
import { Cursor } from './cursor.ts';
import type { SourceDocument } from './documents.ts';
import { type PodEvent, type PodRelist, podEventOfWatch } from './pod-events.ts';

/** What is kept of one pod: its first event and the latest ones. */
const EVENTS_PER_POD = 64;

/** Name of the history among the files of an inventory. */
const FILE = 'kubernetes watch';

interface KnownPod {
  readonly events: PodEvent[];
  /** The last event without its time: one that says the same again is not kept. */
  said: string;
  /** Unix seconds from which on it is gone. */
  goneAt: number;
}

/**
 * What a watch has told of pods lately, by uid: the same name under another uid is another pod. A pod that is missing
 * in a list that replaced a broken watch went away between the last event and the list.
 */
export class LivePods {
  /** Counts changes that matter. */
  revision = 0;
  private readonly pods = new Map<string, KnownPod>();
  private relists: PodRelist[] = [];

  get size(): number {
    return this.pods.size;
  }

  /** Takes a whole list at `seconds`; returns what was wrong with its pods. */
  listed(items: readonly unknown[], seconds: number): string[] {
    const wrong: string[] = [];
    const uids = new Set<string>();
    const isFirst = this.relists.length === 0 && this.pods.size === 0;
    for (const item of items) {
      // in the first list a pod has been so since its last write at least, in a later one it is certain now only
      const event = this.read({ type: 'ADDED', object: item }, wrong);
      if (event?.uid == null) continue;
      uids.add(event.uid);
      this.take({ ...event, time: isFirst ? Math.min(event.time, seconds) : seconds }, event.uid);
    }
    for (const [uid, pod] of this.pods) {
      if (uids.has(uid) || pod.goneAt <= seconds) continue;
      pod.goneAt = seconds;
      this.revision++;
    }
    this.relists.push({ scope: '', time: seconds, uids });
    return wrong;
  }

  /** Takes one event; returns what was wrong with it. */
  changed(type: string, object: unknown, seconds: number): string[] {
    const wrong: string[] = [];
    const event = this.read({ type, object, time: new Date(seconds * 1000).toISOString() }, wrong);
    if (event?.uid == null) return wrong;
    this.take(event, event.uid);
    return wrong;
  }

  /** Forgets pods that have been gone since before `seconds`. */
  forget(seconds: number): void {
    for (const [uid, { goneAt }] of this.pods) if (goneAt < seconds) this.pods.delete(uid);
    this.relists = this.relists.filter(({ time }) => time >= seconds);
  }

  /** The history as a document of an inventory. */
  document(): SourceDocument {
    const events = [...this.pods.values()].flatMap((pod) => pod.events);
    return { file: FILE, content: null, events: { events, relists: this.relists } };
  }

  private read(envelope: object, wrong: string[]): PodEvent | null {
    try {
      return podEventOfWatch(new Cursor(envelope, FILE, null, ''));
    } catch (error) {
      if (!(error instanceof FlowtrieError)) throw error;
      wrong.push(error.message);
      return null;
    }
  }

  private take(event: PodEvent, uid: string): void {
    let pod = this.pods.get(uid);
    if (pod === undefined) {
      pod = { events: [], said: '', goneAt: Number.POSITIVE_INFINITY };
      this.pods.set(uid, pod);
    }
    const { time, ...rest } = event;
    const said = JSON.stringify({
      ...rest,
      object: event.object && { ...event.object, labels: [...event.object.labels] },
    });
    if (event.kind === 'gone' || event.terminal) pod.goneAt = Math.min(pod.goneAt, time);
    if (said === pod.said) return;
    pod.said = said;
    pod.events.push(event);
    if (pod.events.length > EVENTS_PER_POD) pod.events.splice(1, 1);
    this.revision++;
  }
}
