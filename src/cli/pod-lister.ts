import { formatInstant } from '../inventory/instant.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { loadInventory } from '../inventory/load.ts';
import { FlowtrieError } from '../model/errors.ts';
import { formatAddress, parseAddress } from '../model/ip.ts';
import { type AddressHistory, type Holder, openAddressBook } from '../pods/holders.ts';
import { printWarnings } from './warnings.ts';

/** What is asked for; `ip` and the others exclude each other. */
export interface PodsFlags {
  readonly inventory?: string;
  readonly ip?: string;
  readonly at?: string;
  readonly pod?: string;
  readonly namespace?: string;
  readonly node?: string;
  readonly json?: boolean;
  readonly verbose?: boolean;
}

/** A pod and one of its addresses. */
interface PodAtAddress extends Holder {
  readonly ip: string;
  readonly hostNetwork: boolean;
}

/** Text or one JSON document of what was asked for. */
export async function listPods(folder: string, flags: PodsFlags, atSeconds: number | null): Promise<string> {
  const address = flags.ip === undefined ? null : parseAddress(flags.ip);
  if (address === undefined) {
    throw new FlowtrieError('usage', `--ip: expected an IPv4 or IPv6 address, got '${flags.ip}'`);
  }
  const loaded = await loadInventory(folder);
  const inventory = versionAt(loaded.versions, atSeconds);
  const book = openAddressBook(inventory);
  printWarnings([...loaded.warnings, ...book.warnings], flags.verbose === true);
  if (address !== null) {
    const histories = book.historyOf(address, atSeconds);
    const at = atSeconds === null ? null : formatInstant(atSeconds);
    if (flags.json === true) return JSON.stringify({ ip: formatAddress(address), at, histories: histories.map(dated) });
    return drawHistories(formatAddress(address), atSeconds, histories);
  }
  const pods = podsOf(inventory, flags, atSeconds);
  return flags.json === true ? JSON.stringify({ pods: pods.map(datedHolder) }) : drawPods(pods);
}

function versionAt(versions: readonly Inventory[], atSeconds: number | null): Inventory {
  const found = atSeconds === null ? versions.at(-1) : versions.findLast((v) => (v.validFrom ?? 0) <= atSeconds);
  const version = found ?? versions[0];
  if (version === undefined) throw new Error('an inventory has at least one version');
  return version;
}

function podsOf(inventory: Inventory, flags: PodsFlags, atSeconds: number | null): PodAtAddress[] {
  const roles = new Map(inventory.serviceAccounts.map((a) => [`${a.namespace}/${a.name}`, a.roleArn]));
  const known = (seconds: number): number | null => (Number.isFinite(seconds) ? seconds : null);
  const wanted = inventory.pods.filter(
    (pod) =>
      (flags.pod === undefined || flags.pod === `${pod.namespace}/${pod.name}`) &&
      (flags.namespace === undefined || flags.namespace === pod.namespace) &&
      (flags.node === undefined || flags.node === pod.nodeName) &&
      (atSeconds === null || (pod.softStartSeconds <= atSeconds && atSeconds < pod.softEndSeconds)),
  );
  return wanted.map((pod) => ({
    ip: formatAddress(pod.address),
    hostNetwork: pod.hostNetwork,
    ...{ namespace: pod.namespace, pod: pod.name, uid: pod.uid, workload: pod.workload, node: pod.nodeName },
    serviceAccount: pod.serviceAccount,
    role: roles.get(`${pod.namespace}/${pod.serviceAccount ?? ''}`) ?? null,
    ...{ start: known(pod.startSeconds), end: known(pod.endSeconds) },
    ...{ softStart: known(pod.softStartSeconds), softEnd: known(pod.softEndSeconds) },
    sources: pod.sources,
  }));
}

/** Times as RFC 3339, as everywhere outside of records. */
function datedHolder<T extends Holder>(holder: T): object {
  const text = (seconds: number | null): string | null => (seconds === null ? null : formatInstant(seconds));
  return {
    ...holder,
    ...{ start: text(holder.start), end: text(holder.end) },
    ...{ softStart: text(holder.softStart), softEnd: text(holder.softEnd) },
  };
}

function dated(history: AddressHistory): object {
  return { ...history, holders: history.holders.map(datedHolder) };
}

function drawHistories(ip: string, atSeconds: number | null, histories: readonly AddressHistory[]): string {
  if (histories.length === 0) return `${ip}: nobody in the inventory holds it, or several VPCs have that range`;
  return histories.map((history) => drawHistory(ip, atSeconds, history)).join('\n\n');
}

function drawHistory(ip: string, atSeconds: number | null, history: AddressHistory): string {
  const { interface: eni, interfaceKind, node, vpc, primary, holders, answer } = history;
  const place = [
    vpc === null ? null : `in ${vpc}`,
    eni === null ? null : `on ${eni} (${interfaceKind}${primary ? ', its own address' : ''})`,
    node === null ? null : `of ${node}`,
  ];
  const lines = [`${ip} ${place.filter((part) => part !== null).join(' ')}`];
  if (answer !== null && atSeconds !== null)
    lines.push(`  at ${formatInstant(atSeconds)}: ${answerText(answer, history)}`);
  lines.push('');
  const rows = holders.map((holder) => [mark(holder, atSeconds), ...cellsOf(holder)]);
  if (rows.length === 0) lines.push('  no pod of the inventory held it');
  else lines.push(...table([['', 'POD', 'WORKLOAD', 'NODE', 'FROM', 'UNTIL', 'SOURCE'], ...rows]));
  return lines.join('\n');
}

function answerText(answer: NonNullable<AddressHistory['answer']>, history: AddressHistory): string {
  const { attribution, pods } = answer;
  if (attribution === 'exact' || attribution === 'inferred') return `${pods.join(', ')} (${attribution})`;
  const owner = history.primary ? `${history.interface} itself` : 'nobody for certain';
  return pods.length === 0 ? `${owner}` : `${owner}; candidates ${pods.join(', ')}`;
}

/** Which row answers, and the neighbours in time. */
function mark({ start, end }: Holder, atSeconds: number | null): string {
  if (atSeconds === null) return '';
  if (end !== null && end <= atSeconds) return `${duration(atSeconds - end)} before`;
  if (start !== null && start > atSeconds) return `${duration(start - atSeconds)} after`;
  return '→ then';
}

function duration(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`;
}

function cellsOf(holder: Holder): string[] {
  return [
    `${holder.namespace}/${holder.pod}`,
    holder.workload ?? '-',
    holder.node ?? '-',
    edge(holder.start, holder.softStart, '…'),
    edge(holder.end, holder.softEnd, 'now'),
    holder.sources.join('+'),
  ];
}

/** A time, and by how much it is not certain. */
function edge(hard: number | null, soft: number | null, open: string): string {
  if (hard === null) return open;
  const apart = soft === null ? null : Math.abs(hard - soft);
  const slack = apart === null ? ' ±?' : apart === 0 ? '' : ` ±${duration(apart)}`;
  return `${formatInstant(hard)}${slack}`;
}

function drawPods(pods: readonly PodAtAddress[]): string {
  if (pods.length === 0) return 'no such pod in the inventory';
  const role = ({ serviceAccount, role: arn }: Holder): string =>
    arn === null ? (serviceAccount ?? '-') : `${serviceAccount} (${arn})`;
  const rows = pods.map((pod) => [pod.hostNetwork ? `${pod.ip} (host)` : pod.ip, ...cellsOf(pod), role(pod)]);
  return table([['ADDRESS', 'POD', 'WORKLOAD', 'NODE', 'FROM', 'UNTIL', 'SOURCE', 'SERVICE ACCOUNT'], ...rows]).join(
    '\n',
  );
}

/** Columns two blanks apart, as kubectl prints them. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd());
}
