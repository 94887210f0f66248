import { ISO_TIME } from '../model/csv-line.ts';
import { FlowtrieError } from '../model/errors.ts';
import { DEFAULT_FORMAT, FIELDS, type Field, type FieldType, fieldSpelled, squash } from '../model/flow.ts';

/** What the decoder does with a field. Codes are dense so that the kernel's switch is a jump table. */
export const Op = {
  /** Bytes only; carried when rows are wanted. */
  text: 0,
  version: 1,
  interfaceId: 2,
  srcAddr: 3,
  dstAddr: 4,
  pktSrcAddr: 5,
  pktDstAddr: 6,
  srcPort: 7,
  dstPort: 8,
  protocol: 9,
  packets: 10,
  bytes: 11,
  start: 12,
  end: 13,
  action: 14,
  logStatus: 15,
  tcpFlags: 16,
  flowDirection: 17,
  pktSrcAwsService: 18,
  pktDstAwsService: 19,
  rejectReason: 20,
  vpcId: 21,
  /** Checked to be a number of the field's width, then carried as its bytes. */
  carriedU8: 22,
  carriedU64: 23,
} as const;

const OP_OF_NAME: Readonly<Record<string, number>> = {
  version: Op.version,
  'interface-id': Op.interfaceId,
  srcaddr: Op.srcAddr,
  dstaddr: Op.dstAddr,
  'pkt-srcaddr': Op.pktSrcAddr,
  'pkt-dstaddr': Op.pktDstAddr,
  srcport: Op.srcPort,
  dstport: Op.dstPort,
  protocol: Op.protocol,
  packets: Op.packets,
  bytes: Op.bytes,
  start: Op.start,
  end: Op.end,
  action: Op.action,
  'log-status': Op.logStatus,
  'tcp-flags': Op.tcpFlags,
  'flow-direction': Op.flowDirection,
  'pkt-src-aws-service': Op.pktSrcAwsService,
  'pkt-dst-aws-service': Op.pktDstAwsService,
  'reject-reason': Op.rejectReason,
  'vpc-id': Op.vpcId,
};

/** Most fields a format may have; all known ones are below 80. */
const FIELDS_MAX = 250;

/** How the words of the header in force are parted; `none` = no header was met, the format is assumed or was given. */
type Parting = 'none' | 'blanks' | 'commas' | 'tabs';

/** What is known of the lines at a place of an input: all that another thread needs to decode from there on. */
export interface Heading {
  /** AWS's names in order; words that are no known field as they were written. */
  readonly names: readonly string[];
  readonly parting: Parting;
}

/** The fields of a line, in order. */
export interface Format extends Heading {
  /** One Op a field. */
  readonly plan: Uint8Array;
  /** Fields whose bytes are carried when rows are wanted. */
  readonly carried: readonly number[];
  /** Transit gateway flow log: decoded and attributed, never judged. */
  readonly tgw: boolean;
  /** True when a field is a number or an address: no header can be taken for a record then. */
  readonly headerProof: boolean;
}

const FIELD_OF_NAME: ReadonlyMap<string, Field> = new Map(FIELDS.map((field) => [field.name, field]));

/** Types whose values are never words. */
const CHECKED: ReadonlySet<FieldType> = new Set(['u8', 'u16', 'u64', 'seconds', 'address']);

/** The version whose fields only transit gateway flow logs have. */
const TGW_VERSION = 6;

/** Builds the format of a list of field names, known or not. */
export function formatOf(names: readonly string[], parting: Parting = 'none'): Format {
  const canonical = canonicalNames(names);
  const plan = Uint8Array.from(canonical, opOf);
  const carried = canonical.flatMap((_, i) => (isCarried(plan[i] ?? Op.text) ? [i] : []));
  const tgw = canonical.some((name) => FIELD_OF_NAME.get(name)?.version === TGW_VERSION);
  const headerProof = canonical.some((name) => CHECKED.has(FIELD_OF_NAME.get(name)?.type ?? 'text'));
  return { names: canonical, parting, plan, carried, tgw, headerProof };
}

/** The format that is in force behind a heading. */
export function formatBehind({ names, parting }: Heading): Format {
  return formatOf(names, parting);
}

/** Without what a format is compiled into. */
export function headingOf({ names, parting }: Format): Heading {
  return { names, parting };
}

/** AWS's names. Of two spellings of one field (`srcaddr` and `src_addr`) AWS's own has it, the other is unknown. */
function canonicalNames(names: readonly string[]): string[] {
  const own = new Set(names.map((name) => name.replaceAll('_', '-')).filter((name) => FIELD_OF_NAME.has(name)));
  return names.map((name) => {
    const field = fieldSpelled(name)?.name;
    if (field === undefined) return name;
    return own.has(field) && name.replaceAll('_', '-') !== field ? name : field;
  });
}

function opOf(name: string): number {
  const op = OP_OF_NAME[name];
  if (op !== undefined) return op;
  const type = FIELD_OF_NAME.get(name)?.type;
  return type === 'u8' ? Op.carriedU8 : type === 'u64' ? Op.carriedU64 : Op.text;
}

/** True for a field whose bytes are carried when rows are wanted: no column has its text. */
export function isCarried(op: number): boolean {
  return op === Op.text || op >= Op.pktSrcAwsService;
}

/** The default format, version 2. */
export const DEFAULT: Format = formatOf(DEFAULT_FORMAT);

/** All fields of a transit gateway flow log in default order. */
export const TGW_DEFAULT: Format = formatOf(
  (
    'version resource-type account-id tgw-id tgw-attachment-id tgw-src-vpc-account-id tgw-dst-vpc-account-id ' +
    'tgw-src-vpc-id tgw-dst-vpc-id tgw-src-subnet-id tgw-dst-subnet-id tgw-src-eni tgw-dst-eni tgw-src-az-id ' +
    'tgw-dst-az-id tgw-pair-attachment-id srcaddr dstaddr srcport dstport protocol packets bytes start end ' +
    'log-status type packets-lost-no-route packets-lost-blackhole packets-lost-mtu-exceeded packets-lost-ttl-expired ' +
    'tcp-flags region flow-direction pkt-src-aws-service pkt-dst-aws-service'
  ).split(' '),
);

/** A byte order mark, which spreadsheets put in front of a file. */
const BYTE_ORDER_MARK = /^\uFEFF/;

/**
 * Tokens of a line by the rule of scanLine: runs of blanks, or commas where the line has no blank; ISO time
 * dropped.
 */
function splitLine(line: string): { readonly tokens: string[]; readonly parting: Parting } {
  const text = line.replace(BYTE_ORDER_MARK, '').replace(/^[ \t\r]+|[ \t\r\n]+$/g, '');
  if (text === '') return { tokens: [], parting: 'none' };
  const blanks = /[ \t\r]/.test(text);
  const tokens = blanks ? text.split(/[ \t\r]+/) : text.split(',');
  const parting = !blanks ? 'commas' : /[ \r]/.test(text) ? 'blanks' : 'tabs';
  return { tokens: ISO_TIME.test(tokens[0] ?? '') ? tokens.slice(1) : tokens, parting };
}

/** Two headings that mean the same for the lines behind them. */
export function sameHeading(a: Heading, b: Heading): boolean {
  return a.parting === b.parting && sameFields(a, b);
}

/** The same fields in the same order. */
export function sameFields(a: Heading, b: Heading): boolean {
  return a.names.length === b.names.length && a.names.every((name, i) => name === b.names[i]);
}

/** True when the word is a known field name in any spelling. */
export function isFieldName(word: string): boolean {
  return fieldSpelled(word) !== undefined;
}

/**
 * The format of a header line: its first token is a known field name, no token is a number or an address, and no known
 * field is named twice: its columns could not be told apart. `undefined` when the line is no header.
 */
export function parseHeader(line: string): Format | undefined {
  const { tokens, parting } = splitLine(line);
  if (tokens[0] === undefined || tokens.length > FIELDS_MAX || !isFieldName(tokens[0])) return undefined;
  if (tokens.some((token) => /^[\d.+-]+$/.test(token) || /^[0-9a-fA-F]*:[0-9a-fA-F:.]*$/.test(token))) return undefined;
  const format = formatOf(tokens, parting);
  const known = format.names.filter((name) => FIELD_OF_NAME.has(name));
  return new Set(known).size === known.length ? format : undefined;
}

/** Parses AWS's own format syntax, `${version} ${account-id} …`. */
export function parseLogFormat(text: string): Format {
  const tokens = text.trim().split(/\s+/);
  const names = tokens.map((token) => {
    const name = /^\$\{([A-Za-z0-9_-]+)\}$/.exec(token)?.[1];
    if (name === undefined) {
      throw new FlowtrieError(
        'usage',
        `--log-format: expected fields like \${srcaddr} separated by blanks, got '${token}'`,
      );
    }
    return name;
  });
  if (names.length > FIELDS_MAX) {
    throw new FlowtrieError('usage', `--log-format: expected at most ${FIELDS_MAX} fields, got ${names.length}`);
  }
  const format = formatOf(names);
  const keys = names.map(squash);
  const twice = format.names[keys.findIndex((key, i) => keys.lastIndexOf(key) !== i)];
  if (twice !== undefined) throw new FlowtrieError('usage', `--log-format: field '${twice}' is named twice`);
  return format;
}
