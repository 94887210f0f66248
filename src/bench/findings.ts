import { median, type Rate, type Ratio } from './measure.ts';

/** What one measurement tells, for people and machines. */
export interface Findings {
  readonly title: string;
  /** What was compiled, how large it is, how long that took (names that end in `Ms`). */
  readonly facts: Readonly<Record<string, number | string>>;
  /** Look-ups a second: median over the rounds. */
  readonly rates: readonly { readonly name: string; readonly perSecond: number }[];
  /** Subject divided by rival, round by round. */
  readonly ratios: readonly Ratio[];
}

/** Sizes of a measurement; the small ones only prove that it works. */
export interface Effort {
  readonly packets: number;
  /** Rule comparisons that the linear rival may take in one pass. */
  readonly linearSteps: number;
  readonly rounds: number;
}

export const FULL_EFFORT: Effort = { packets: 2 ** 20, linearSteps: 20_000_000, rounds: 5 };
export const SMOKE_EFFORT: Effort = { packets: 4096, linearSteps: 200_000, rounds: 1 };

export function medians(rates: readonly Rate[]): Findings['rates'] {
  return rates.map(({ name, perSecond }) => ({ name, perSecond: median(perSecond) }));
}

/** The lines for a terminal. */
export function findingsText({ title, facts, rates, ratios }: Findings): string {
  const lines = [title];
  const width = Math.max(...Object.keys(facts).map((name) => wordsOf(name).length));
  for (const [name, value] of Object.entries(facts))
    lines.push(`  ${wordsOf(name).padEnd(width)}  ${factText(name, value)}`);
  const names = Math.max(...rates.map(({ name }) => name.length));
  if (rates.length > 0) lines.push('');
  for (const { name, perSecond } of rates)
    lines.push(`  ${name.padEnd(names)}  ${rateText(perSecond).padStart(8)} M/s`);
  if (ratios.length > 0) lines.push('');
  for (const { subject, rival, median: middle, min, max } of ratios) {
    lines.push(`  ${ratioText(middle).padStart(8)}×  (${ratioText(min)}–${ratioText(max)})  ${subject} / ${rival}`);
  }
  return `${lines.join('\n')}\n`;
}

function wordsOf(name: string): string {
  return name.replace(/Ms$/, '').replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function factText(name: string, value: number | string): string {
  if (typeof value === 'string') return value;
  if (name.endsWith('Ms')) return `${value >= 100 ? value.toFixed(0) : value.toFixed(1)} ms`;
  if (/bytes$/i.test(name)) return `${value.toLocaleString('en-US')} (${(value / 1e6).toFixed(2)} MB)`;
  if (name.endsWith('Share')) return `${(value * 100).toFixed(1)} %`;
  return value.toLocaleString('en-US');
}

function rateText(perSecond: number): string {
  const millions = perSecond / 1e6;
  return millions >= 100 ? millions.toFixed(0) : millions >= 0.1 ? millions.toFixed(1) : millions.toPrecision(2);
}

function ratioText(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
