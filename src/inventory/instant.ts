const RFC3339_UTC = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(\.\d+)?(?:[Zz]|\+00:00)$/;

/** Unix seconds of an RFC 3339 time in UTC; undefined when the text is none (a time without a zone is none). */
export function parseInstant(text: string): number | undefined {
  const match = RFC3339_UTC.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59) return undefined;
  // day 0 of the next month is the last of this one
  if (day > 28 && day > new Date(Date.UTC(year, month, 0)).getUTCDate()) return undefined;
  const milliseconds = Number((match[7] ?? '.').slice(1, 4).padEnd(3, '0'));
  return (Date.UTC(year, month - 1, day, hour, minute, second) + milliseconds) / 1000;
}

/** RFC 3339 of Unix seconds, without a fraction when there is none. */
export function formatInstant(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}
