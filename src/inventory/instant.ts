const RFC3339_UTC = /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d(?:\.\d+)?)(?:[Zz]|\+00:00)$/;

/** Unix seconds of an RFC 3339 time in UTC; undefined when the text is none (a time without a zone is none). */
export function parseInstant(text: string): number | undefined {
  const match = RFC3339_UTC.exec(text);
  if (match === null) return undefined;
  const milliseconds = Date.parse(`${match[1]}T${match[2]}Z`);
  if (Number.isNaN(milliseconds)) return undefined;
  // Date.parse takes 2024-02-30 for 2024-03-01
  return new Date(milliseconds).toISOString().startsWith(`${match[1]}`) ? milliseconds / 1000 : undefined;
}

/** RFC 3339 of Unix seconds, without a fraction when there is none. */
export function formatInstant(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}
