import type { Span } from '../s3/key-time.ts';

/** Unix seconds of the first and the last start among some records; records without one count for nothing. */
export interface StartRange {
  readonly least: number;
  readonly greatest: number;
}

/** Above it a time is in milliseconds, as for every field of seconds. */
const SECONDS_MAX = 2 ** 32;

/** null where the values are no numbers, or some seem to be seconds and some milliseconds. */
export function startRange(min: unknown, max: unknown): StartRange | null {
  const [least, greatest] = [numberOf(min), numberOf(max)];
  if (!(least >= 0 && greatest >= least)) return null;
  if (least > SECONDS_MAX) return { least: Math.floor(least / 1000), greatest: Math.floor(greatest / 1000) };
  return greatest > SECONDS_MAX ? null : { least, greatest };
}

function numberOf(value: unknown): number {
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : Number.NaN;
}

/** True when no record with such a start, give or take `slackSeconds`, can be in [since, until). */
export function isOutside(range: StartRange | null, { since, until }: Span, slackSeconds: number): boolean {
  if (range === null) return false;
  if (since !== null && range.greatest + slackSeconds < since) return true;
  return until !== null && range.least - slackSeconds >= until;
}
