import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { DEFAULT_FORMAT } from '../src/model/flow.ts';
import { type Cidr, cidrContains, formatIpv4, parseAddress, parseCidr } from '../src/model/ip.ts';
import { type Data, readData } from './data.ts';

/** Real files that are not part of the repository, beside the clone. */
export const CORPUS: string = fileURLToPath(new URL('../../../shared/corpus', import.meta.url));

const CAPTURE = join(CORPUS, 'eks-drewpy-2024-12-20');
const LOG = join(CAPTURE, 'vpcflowlogs12-20.log');

/** Seconds from one copy to the next: the capture lasts 2,423. */
const SHIFT_SECONDS = 2460;
/** Steps of the low half of an address from copy to copy; odd, so that none comes twice. */
const ADDRESS_STEP = 40_503;

/** Fields of the default format. */
const FIELD = { srcAddr: 3, dstAddr: 4, start: 10, end: 11 } as const;

/**
 * A real capture of an EKS cluster, multiplied to at least `records` records in `files` files: in each copy all times
 * are later, and addresses of the internet are others. Addresses of the account, interfaces and ports stay. Null when
 * the capture is not there.
 */
export async function multipliedCapture(folder: string, records: number, files: number): Promise<Data | null> {
  if (!existsSync(LOG)) return null;
  const logs = join(folder, `capture-${records}`, 'logs');
  mkdirSync(logs, { recursive: true });
  // a CloudWatch export: the time of the event stands in front of the line
  const lines = readFileSync(LOG, 'latin1').trimEnd().split('\n');
  const rows = lines.map((line) => line.split(' ').slice(1));
  const copies = Math.max(Math.ceil(records / rows.length), files);
  for (let file = 0; file < files; file++) {
    // as S3 delivers them
    const text = [DEFAULT_FORMAT.join(' ')];
    for (let copy = file; copy < copies; copy += files) for (const row of rows) text.push(moved(row, copy));
    writeFileSync(join(logs, `${String(file).padStart(2, '0')}.log.gz`), gzipSync(`${text.join('\n')}\n`));
  }
  return readData(join(CAPTURE, 'inventory'), logs);
}

function moved(row: readonly string[], copy: number): string {
  const fields = [...row];
  for (const at of [FIELD.start, FIELD.end]) fields[at] = `${Number(fields[at]) + copy * SHIFT_SECONDS}`;
  for (const at of [FIELD.srcAddr, FIELD.dstAddr]) fields[at] = movedAddress(fields[at] ?? '-', copy);
  return fields.join(' ');
}

/** Networks that mean something by themselves. */
const KEPT: readonly Cidr[] = [
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '224.0.0.0/3',
].flatMap((text) => parseCidr(text) ?? []);

/** Within its /16: whether it is of the internet, and of which of its networks, mostly stays. */
function movedAddress(text: string, copy: number): string {
  const address = parseAddress(text);
  if (address?.family !== 4 || KEPT.some((cidr) => cidrContains(cidr, address))) return text;
  const [word] = address.words;
  return formatIpv4(((word & 0xffff_0000) | ((word + copy * ADDRESS_STEP) & 0xffff)) >>> 0);
}
