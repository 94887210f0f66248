const [DIGIT_0, DASH, POINT, COLON] = [48, 45, 46, 58] as const;
/** Places in `2024-12-20T16:49:51.123456Z`. */
const [DATE_END, SECOND_END] = [10, 19] as const;
const UTC = /^(?:[Zz]|\+00:00)$/;

/** Unix seconds of an RFC 3339 time in UTC; undefined when the text is none (a time without a zone is none). */
export function parseInstant(text: string): number | undefined {
  const letter = text.charAt(DATE_END);
  if (letter !== 'T' && letter !== 't') return undefined;
  if (text.charCodeAt(13) !== COLON || text.charCodeAt(16) !== COLON) return undefined;
  const midnight = midnightOf(text);
  const hour = twoDigits(text, 11);
  const minute = twoDigits(text, 14);
  const second = twoDigits(text, 17);
  // digits that are none are no numbers, which nothing is true of
  if (midnight === undefined || !(hour <= 23 && minute <= 59 && second <= 59)) return undefined;
  let end = SECOND_END;
  let milliseconds = 0;
  if (text.charCodeAt(end) === POINT) {
    for (end++; isDigit(text.charCodeAt(end)); end++) {
      const place = PLACES[end - SECOND_END];
      if (place !== undefined) milliseconds += place * (text.charCodeAt(end) - DIGIT_0);
    }
    if (end === SECOND_END + 1) return undefined;
  }
  if (!(end === text.length - 1 && text.endsWith('Z')) && !UTC.test(text.slice(end))) return undefined;
  return (midnight + ((hour * 60 + minute) * 60 + second) * 1000 + milliseconds) / 1000;
}

/** Milliseconds of a digit behind the point, by its place. */
const PLACES: readonly (number | undefined)[] = [undefined, 100, 10, 1];

/** Times of one day come one after the other: its date as it is written, and its midnight. */
let lastDay = { date: '1970-01-01', midnight: 0 };

/** Milliseconds from 1970 to the day that a text begins with; undefined = it begins with none. */
function midnightOf(text: string): number | undefined {
  if (text.startsWith(lastDay.date)) return lastDay.midnight;
  if (text.charCodeAt(4) !== DASH || text.charCodeAt(7) !== DASH) return undefined;
  const [year, month, day] = [number(text, 0, 4), number(text, 5, 7), number(text, 8, DATE_END)];
  if (!(year >= 0 && month >= 1 && month <= 12 && day >= 1)) return undefined;
  // day 0 of the next month is the last of this one
  if (day > 28 && day > new Date(Date.UTC(year, month, 0)).getUTCDate()) return undefined;
  lastDay = { date: text.slice(0, DATE_END), midnight: Date.UTC(year, month - 1, day) };
  return lastDay.midnight;
}

/** NaN where one is none. */
function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - DIGIT_0;
  const ones = text.charCodeAt(at + 1) - DIGIT_0;
  return tens >= 0 && tens < 10 && ones >= 0 && ones < 10 ? tens * 10 + ones : Number.NaN;
}

/** Of digits in [from, to); NaN where one is none. */
function number(text: string, from: number, to: number): number {
  let value = 0;
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i);
    if (!isDigit(code)) return Number.NaN;
    value = value * 10 + code - DIGIT_0;
  }
  return value;
}

function isDigit(code: number): boolean {
  return code >= DIGIT_0 && code < DIGIT_0 + 10;
}

/** RFC 3339 of Unix seconds, without a fraction when there is none. */
export function formatInstant(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}
