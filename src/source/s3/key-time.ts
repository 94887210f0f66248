/** A span of Unix seconds, the end not included; null = open. */
export interface Span {
  readonly since: number | null;
  readonly until: number | null;
}

/**
 * How far the times of an object's records may lie from the time in its key: records of a file end within its five
 * minutes and start at most an aggregation interval of ten minutes before, give or take a minute.
 */
const SLACK_SECONDS = 15 * 60;

/** `…/vpcflowlogs/REGION/YYYY/MM/DD/[HH/]`, each part may be the last. */
const PLAIN = /(?:^|\/)[a-z-]+\/[a-z]{2}(?:-[a-z]+)+-\d\/(\d{4})\/(?:(\d{2})\/(?:(\d{2})\/(?:(\d{2})\/)?)?)?/;
/** `…/year=YYYY/month=MM/day=DD/[hour=HH/]`. */
const HIVE = /(?:^|\/)year=(\d{4})\/(?:month=(\d{1,2})\/(?:day=(\d{1,2})\/(?:hour=(\d{1,2})\/)?)?)?/;
/** `…/eventDay=YYYYMMDD/` of Security Lake. */
const LAKE = /(?:^|\/)eventDay=(\d{4})(\d{2})(\d{2})\//;
/** `…_YYYYMMDDTHHmmZ_…` in the name of a file: the start of its five minutes. */
const STAMP = /_(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})Z(?:_[^/]*)?$/;

const FILE_SECONDS = 5 * 60;

/** False when the key, or the beginning of one, says that no record of it can be in the span. */
export function mayHold(key: string, span: Span): boolean {
  const times = timesOf(key);
  if (times === undefined) return true;
  const [from, to] = times;
  return (
    (span.since === null || to + SLACK_SECONDS > span.since) &&
    (span.until === null || from - SLACK_SECONDS < span.until)
  );
}

/** True when the folder of the key is told to the day: nothing is gained by looking for narrower ones. */
export function isDayFolder(prefix: string): boolean {
  return LAKE.test(prefix) || [PLAIN, HIVE].some((layout) => layout.exec(prefix)?.[3] !== undefined);
}

/** Unix seconds of the first and behind the last moment that the key names; undefined when it names none. */
function timesOf(key: string): readonly [number, number] | undefined {
  const stamp = STAMP.exec(key);
  if (stamp !== null) {
    const from = utc(stamp[1], stamp[2], stamp[3], stamp[4], stamp[5]);
    return [from, from + FILE_SECONDS];
  }
  const parts = LAKE.exec(key) ?? HIVE.exec(key) ?? PLAIN.exec(key);
  if (parts === null) return undefined;
  const [, year, month, day, hour] = parts;
  const from = utc(year, month, day, hour);
  if (month === undefined) return [from, utc(String(Number(year) + 1))];
  if (day === undefined) return [from, utc(year, String(Number(month) + 1))];
  return [from, from + (hour === undefined ? 86_400 : 3600)];
}

function utc(year?: string, month = '1', day = '1', hour = '0', minute = '0'): number {
  return Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute)) / 1000;
}
