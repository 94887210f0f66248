/**
 * What a partition's offset is committed with, so that whoever goes on from there can rebuild what the process had in
 * memory: twins and open windows of messages that were committed before.
 */
export interface LaneNote {
  /** Offset from which messages are needed once more. */
  readonly rewind: number;
  /** Windows that end by then were written; Unix seconds. */
  readonly closed: number;
  /** When this was written, Unix seconds. */
  readonly at: number;
}

/** As the metadata of a committed offset: a few dozen bytes, brokers take 4,096. */
export function noteText(note: LaneNote): string {
  return JSON.stringify({ flowtrie: note });
}

/** null = it was written by somebody else, or by a version that knew nothing of this. */
export function parseNote(text: string): LaneNote | null {
  const { rewind, closed, at } = (membersOf(text).flowtrie ?? {}) as Partial<LaneNote>;
  if (typeof rewind !== 'number' || typeof closed !== 'number' || typeof at !== 'number') return null;
  return { rewind, closed, at };
}

/** The note with one member more, which a sink keeps for itself. */
export function withMember(text: string, name: string, value: object): string {
  return JSON.stringify({ ...membersOf(text), [name]: value });
}

/** Members of a note; none when it is somebody else's. */
export function membersOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const note: unknown = JSON.parse(text);
    return typeof note === 'object' && note !== null ? (note as Readonly<Record<string, unknown>>) : {};
  } catch {
    return {};
  }
}
