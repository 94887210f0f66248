import { isElsewhere } from './elsewhere.ts';
import { firstEndingAfter, podOf, startOf } from './lookup.ts';
import { ENTRY_STRIDE, EntryWord, type PodMapView } from './pod-map.ts';

/** Pods on an interface, and the windows [from, to) in which just these live there; seconds. */
export interface PodsInWindow {
  /** Ascending by index, each once. */
  readonly pods: readonly number[];
  /** fromLeast ≤ from < fromEnd: who had gone before is still gone, and nobody of them has gone yet. */
  readonly fromLeast: number;
  readonly fromEnd: number;
  /** toAbove < to ≤ toMost: all of them have come, and nobody else. */
  readonly toAbove: number;
  readonly toMost: number;
}

/**
 * Pods on the interface in the window, hostNetwork pods included on a node's primary one, without those said to be on
 * another host; cold.
 */
export function podsOnInterface(view: PodMapView, eni: number, start: number, end: number): PodsInWindow {
  const { eniFirst, eniEntry, entryRecords, intervalEnds, hostFirst, hostStart, hostEnd, hostPod } = view;
  const from = Math.min(start, end);
  const to = Math.max(start, end, from + 1);
  const window = { fromLeast: 0, fromEnd: Number.POSITIVE_INFINITY, toAbove: -1, toMost: Number.POSITIVE_INFINITY };
  const found = new Set<number>();
  const meet = (pod: number, since: number, until: number): void => {
    if (until <= from) window.fromLeast = Math.max(window.fromLeast, until);
    else if (since >= to) window.toMost = Math.min(window.toMost, since);
    else {
      found.add(pod);
      window.fromEnd = Math.min(window.fromEnd, until);
      window.toAbove = Math.max(window.toAbove, since);
    }
  };
  const host = view.eniHost[eni]!;
  for (let e = eniFirst[eni]!; e < eniFirst[eni + 1]!; e++) {
    const entry = eniEntry[e]!;
    const at = entry * ENTRY_STRIDE;
    const mayBeElsewhere = host >= 0 && view.entryIsStray[entry] === 1;
    const first = entryRecords[at + EntryWord.first]!;
    const last = first + entryRecords[at + EntryWord.count]!;
    const near = firstEndingAfter(intervalEnds, first, last, from);
    // starts and ends ascend: of those before, the last one has gone last, of those after, the first comes first
    for (let i = mayBeElsewhere ? first : Math.max(near - 1, first); i < last; i++) {
      if (mayBeElsewhere && isElsewhere(view, entry, podOf(view, i), host)) continue;
      meet(podOf(view, i), startOf(view, i), intervalEnds[i]!);
      if (startOf(view, i) >= to) break;
    }
  }
  for (let i = hostFirst[eni]!; i < hostFirst[eni + 1]!; i++) meet(hostPod[i]!, hostStart[i]!, hostEnd[i]!);
  return { pods: [...found].sort((a, b) => a - b), ...window };
}

/** Answers of podsOnInterface, the last one of each interface remembered: equal ones that follow are one list. */
export class InterfacePodLists {
  private readonly view: PodMapView;
  private readonly known: (PodsInWindow | undefined)[] = [];

  constructor(view: PodMapView) {
    this.view = view;
  }

  of(eni: number, start: number, end: number): readonly number[] {
    const from = Math.min(start, end);
    const to = Math.max(start, end, from + 1);
    const known = this.known[eni];
    if (
      known !== undefined &&
      known.fromLeast <= from &&
      from < known.fromEnd &&
      known.toAbove < to &&
      to <= known.toMost
    ) {
      return known.pods;
    }
    const found = podsOnInterface(this.view, eni, start, end);
    this.known[eni] = found;
    return found.pods;
  }
}
