/** Longest line that is read, in bytes; longer ones are counted, never buffered. A real record has below 2 KiB. */
export const LINE_BYTES_MAX: number = 64 * 1024;

/** Bytes of a malformed line that quarantine keeps. */
export const QUARANTINE_BYTES_MAX: number = 4 * 1024;

/**
 * Why a line is malformed; closed list, each a counter of its own. `json` is text that is no JSON, `no-record` JSON
 * that holds no flow log record, `encoding` base64 or gzip inside an envelope that cannot be undone.
 */
export const MALFORMED = [
  'field-count',
  'number',
  'address',
  'port',
  'protocol',
  'action',
  'log-status',
  'flow-direction',
  'line-too-long',
  'truncated',
  'json',
  'no-record',
  'encoding',
] as const;
export type Malformed = (typeof MALFORMED)[number];

/**
 * Where every input line ended. Ledger law, always:
 * lines = headers + blank + classified + nodata + skipdata + notJudged + filtered + duplicate + malformed.
 */
export interface Ledger {
  lines: number;
  headers: number;
  blank: number;
  classified: number;
  nodata: number;
  skipdata: number;
  notJudged: number;
  filtered: number;
  duplicate: number;
  malformed: Partial<Record<Malformed, number>>;
}

export function createLedger(): Ledger {
  return {
    lines: 0,
    headers: 0,
    blank: 0,
    classified: 0,
    nodata: 0,
    skipdata: 0,
    notJudged: 0,
    filtered: 0,
    duplicate: 0,
    malformed: {},
  };
}

export function countMalformed(ledger: Ledger, reason: Malformed): void {
  ledger.malformed[reason] = (ledger.malformed[reason] ?? 0) + 1;
}

/** Adds `part` to `total`. */
export function addLedger(total: Ledger, part: Ledger): void {
  total.lines += part.lines;
  total.headers += part.headers;
  total.blank += part.blank;
  total.classified += part.classified;
  total.nodata += part.nodata;
  total.skipdata += part.skipdata;
  total.notJudged += part.notJudged;
  total.filtered += part.filtered;
  total.duplicate += part.duplicate;
  for (const reason of MALFORMED) {
    const n = part.malformed[reason];
    if (n !== undefined) total.malformed[reason] = (total.malformed[reason] ?? 0) + n;
  }
}

/** Sum of all counters that a line can end in; equals `lines` by the ledger law. */
export function ledgerSum(ledger: Ledger): number {
  const { headers, blank, classified, nodata, skipdata, notJudged, filtered, duplicate } = ledger;
  let sum = headers + blank + classified + nodata + skipdata + notJudged + filtered + duplicate;
  for (const n of Object.values(ledger.malformed)) sum += n;
  return sum;
}
