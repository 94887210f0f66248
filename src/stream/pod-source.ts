import { LivePods } from '../inventory/live-pods.ts';
import type { KubernetesApi } from '../kubernetes/api.ts';
import { watchPods } from '../kubernetes/pod-watch.ts';
import { backoffMs, pause, type Status, type StreamLog } from './status.ts';

/** What the watch of pods has come to. */
export interface PodSourceState {
  /** Pods known, also those that are gone but may still be asked for. */
  readonly pods: number;
  readonly lists: number;
  readonly changes: number;
  /** Events, and pods within them, that could not be read. */
  readonly malformed: number;
}

/** Pods that are complained of one by one. */
const COMPLAINTS_MAX = 20;

/** Pods as the API server tells of them, for a live inventory. */
export class PodSource {
  readonly pods: LivePods = new LivePods();
  private readonly api: KubernetesApi;
  private readonly log: StreamLog;
  private lists = 0;
  private changes = 0;
  private malformed = 0;
  private onList: () => void = () => {};

  constructor(api: KubernetesApi, log: StreamLog) {
    this.api = api;
    this.log = log;
  }

  get state(): PodSourceState {
    const { lists, changes, malformed, pods } = this;
    return { pods: pods.size, lists, changes, malformed };
  }

  /** Watches until the signal is raised. */
  async run(status: Status, signal: AbortSignal): Promise<void> {
    const complain = (reasons: readonly string[]): void => {
      for (const reason of reasons) {
        if (++this.malformed <= COMPLAINTS_MAX) this.log('warn', 'a pod event is not used', { reason });
      }
    };
    status.trouble(PART, `pods of ${this.api.server} are not listed yet`);
    const listener = {
      listed: (items: readonly unknown[], at: number): void => {
        this.lists++;
        complain(this.pods.listed(items, at / 1000));
        this.log('info', 'pods listed', { server: this.api.server, pods: items.length });
        this.onList();
      },
      changed: (type: string, object: unknown, at: number): void => {
        this.changes++;
        complain(this.pods.changed(type, object, at / 1000));
      },
      malformed: (reason: string): void => complain([reason]),
      trouble: (problem: string | null): void => {
        if (problem === null) status.clear(PART);
        else status.trouble(PART, problem);
      },
    };
    await watchPods({ api: this.api, listener, backoffMs, pause }, signal);
  }

  /** Resolves when all pods have been listed once, or the signal is raised. */
  async listed(signal: AbortSignal): Promise<void> {
    if (this.lists > 0 || signal.aborted) return;
    await new Promise<void>((resolve) => {
      this.onList = resolve;
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }
}

const PART = 'pods';
