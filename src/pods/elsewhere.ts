import type { PodMapView } from './pod-map.ts';

/** The sections of a pod map that tell on which host a pod is said to be. */
export type ToldHosts = Pick<PodMapView, 'entryEni' | 'eniHost' | 'podIsTold' | 'strays' | 'entryIsStray'>;

/**
 * True when a pod of the entry is said to be on another host than `host`, a number of `eniHost`: it did not send or
 * receive what an interface of `host` logged as its own.
 */
export function isElsewhere(view: ToldHosts, entry: number, pod: number, host: number): boolean {
  if (view.entryIsStray[entry] === 1) {
    const told = strayHost(view.strays, pod);
    if (told >= 0) return told !== host;
  }
  const eni = view.entryEni[entry]!;
  if (eni < 0 || view.eniHost[eni]! < 0 || view.eniHost[eni] === host) return false;
  return (view.podIsTold[pod >> 3]! & (1 << (pod & 7))) !== 0;
}

function strayHost(strays: Int32Array, pod: number): number {
  let a = 0;
  let b = strays.length / 2;
  while (a < b) {
    const middle = (a + b) >>> 1;
    if (strays[2 * middle]! < pod) a = middle + 1;
    else b = middle;
  }
  return strays[2 * a] === pod ? strays[2 * a + 1]! : -1;
}
