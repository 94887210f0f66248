import { styleText } from 'node:util';

/** How a cell looks when colour is wanted. */
export type Style = Parameters<typeof styleText>[0];

export type Cell = string | { readonly text: string; readonly style: Style };

export interface TableColumn {
  readonly align: 'left' | 'right';
  readonly head?: string;
  /** May be cut when the table is wider than the terminal. */
  readonly shrinks?: boolean;
}

export interface Terminal {
  /** Columns of text. */
  readonly width: number;
  readonly color: boolean;
}

const INDENT = '  ';
const GAP = '  ';
/** A cut column keeps at least this much. */
const WIDTH_MIN = 8;

/** Text in a style when colour is wanted. */
export function paint(style: Style, text: string, terminal: Terminal): string {
  return terminal.color ? styleText(style, text, { validateStream: false }) : text;
}

/** Names come from files: control characters would steer the terminal. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '\ufffd');
}

/** Cuts the middle, where names that differ at their end stay apart. */
function cut(text: string, width: number): string {
  const letters = [...text];
  if (letters.length <= width) return text;
  const tail = (width - 1) >> 1;
  return `${letters.slice(0, width - 1 - tail).join('')}…${letters.slice(letters.length - tail).join('')}`;
}

function lengthOf(text: string): number {
  return [...text].length;
}

/** Aligned lines, indented by two, no wider than the terminal as long as its shrinking columns allow. */
export function table(
  columns: readonly TableColumn[],
  rows: readonly (readonly Cell[])[],
  terminal: Terminal,
): string[] {
  const heads = columns.map((column) => column.head ?? '');
  const texts = rows.map((row) => row.map((cell) => printable(typeof cell === 'string' ? cell : cell.text)));
  const widths = columns.map((_, i) =>
    Math.max(lengthOf(heads[i] ?? ''), ...texts.map((row) => lengthOf(row[i] ?? ''))),
  );
  shrink(columns, widths, terminal.width);
  const line = (cells: readonly string[], look: (i: number) => Style | undefined): string => {
    const padded = columns.map(({ align }, i) => {
      const width = widths[i] ?? 0;
      const text = cut(cells[i] ?? '', width);
      const blanks = ' '.repeat(width - lengthOf(text));
      const style = look(i);
      const painted = style === undefined || text === '' ? text : paint(style, text, terminal);
      return align === 'right' ? blanks + painted : painted + blanks;
    });
    return (INDENT + padded.join(GAP)).trimEnd();
  };
  const styleOf = (row: readonly Cell[], i: number): Style | undefined => {
    const cell = row[i];
    return typeof cell === 'object' ? cell.style : undefined;
  };
  const lines = rows.map((row, r) => line(texts[r] ?? [], (i) => styleOf(row, i)));
  return heads.some((head) => head !== '') ? [line(heads, () => 'dim'), ...lines] : lines;
}

/** Takes from the widest shrinking column until the line fits. */
function shrink(columns: readonly TableColumn[], widths: number[], width: number): void {
  const total = (): number => INDENT.length + widths.reduce((sum, w) => sum + w, 0) + GAP.length * (widths.length - 1);
  for (let excess = total() - width; excess > 0; excess--) {
    let widest = -1;
    for (const [i, column] of columns.entries()) {
      if (column.shrinks && (widest < 0 || (widths[i] ?? 0) > (widths[widest] ?? 0))) widest = i;
    }
    if (widest < 0 || (widths[widest] ?? 0) <= WIDTH_MIN) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
}

/** Blocks of one to eight eighths. */
const EIGHTHS = [...'▏▎▍▌▋▊▉█'];

/** A bar of at most `width` cells; anything above nothing shows at least an eighth. */
export function bar(share: number, width: number): string {
  if (!(share > 0)) return '';
  const eighths = Math.max(1, Math.round(Math.min(share, 1) * width * 8));
  return '█'.repeat(eighths >> 3) + (eighths % 8 === 0 ? '' : (EIGHTHS[(eighths % 8) - 1] ?? ''));
}

/** Whole numbers with thousands separators. */
export function count(value: number): string {
  // the first toLocaleString of a process takes 12 ms
  return String(Math.round(value)).replaceAll(/\B(?=(\d{3})+$)/g, ',');
}

/** Share of a whole; `<0.1%` for what would round to nothing, so that a rare thing never reads as absent. */
export function percent(part: number, whole: number): string {
  if (whole === 0 || part === 0) return '0%';
  const share = (100 * part) / whole;
  if (share < 0.1) return '<0.1%';
  if (part < whole && share > 99.9) return '>99.9%';
  return `${share.toFixed(1)}%`;
}

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** `1.4 GiB`. */
export function byteSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? count(value) : value.toFixed(value < 9.95 ? 1 : 0)} ${BYTE_UNITS[unit]}`;
}

/** `0.84 s`, `12.3 s`, `4 min 05 s`. */
export function duration(seconds: number): string {
  if (seconds < 9.995) return `${seconds.toFixed(2)} s`;
  if (seconds < 99.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
}
