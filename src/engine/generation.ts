import { deserialize, serialize } from 'node:v8';
import type { SharedVersion } from './versions.ts';

/**
 * The versions of a live inventory from one swap to the next, as they travel with every task: shared memory by
 * reference, all else as bytes in shared memory, which a worker reads once.
 */
export interface SharedGeneration {
  /** Ascending; told apart by it. */
  readonly id: number;
  /** Of each version: its members that are shared memory. */
  readonly shared: readonly Readonly<Record<string, SharedArrayBuffer>>[];
  /** Of each version: its other members, serialized. */
  readonly words: SharedArrayBuffer;
}

export function packGeneration(id: number, versions: readonly SharedVersion[]): SharedGeneration {
  const members = versions.map((version) => Object.entries(version) as [string, unknown][]);
  const isShared = (entry: [string, unknown]): entry is [string, SharedArrayBuffer] =>
    entry[1] instanceof SharedArrayBuffer;
  const shared = members.map((list) => Object.fromEntries(list.filter(isShared)));
  const bytes = serialize(members.map((list) => Object.fromEntries(list.filter((entry) => !isShared(entry)))));
  const words = new SharedArrayBuffer(bytes.length);
  new Uint8Array(words).set(bytes);
  return { id, shared, words };
}

export function unpackGeneration({ shared, words }: SharedGeneration): SharedVersion[] {
  // a copy: shared memory cannot be deserialized in place
  const members = deserialize(new Uint8Array(new Uint8Array(words))) as SharedVersion[];
  return members.map((member, i) => ({ ...member, ...shared[i] }));
}

/** True when both judge and name everything alike. */
export function sameGeneration(a: SharedGeneration, b: SharedGeneration): boolean {
  const same = (x: SharedArrayBuffer, y: SharedArrayBuffer | undefined): boolean =>
    y !== undefined && Buffer.compare(new Uint8Array(x), new Uint8Array(y)) === 0;
  return (
    a.shared.length === b.shared.length &&
    same(a.words, b.words) &&
    a.shared.every((buffers, i) => Object.entries(buffers).every(([name, bytes]) => same(bytes, b.shared[i]?.[name])))
  );
}
