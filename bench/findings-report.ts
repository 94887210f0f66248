import type { Findings } from '../src/bench/findings.ts';
import { type FindingsResult, wantedOf } from './rules.ts';

/** Rows of a table, the head first: ratios in the same run. */
export function findingRatios({ findings }: FindingsResult): string[][] {
  const rows = findings.flatMap(({ title, ratios }) =>
    ratios.map(({ subject, rival, median, min, max }) => {
      const least = wantedOf(title, subject);
      const wanted = least === null ? '' : `≥ ${least}`;
      return [`${title}: ${subject} / ${rival}`, figure(median), `${figure(min)}–${figure(max)}`, wanted];
    }),
  );
  return [['Ratio in the same run', 'median', 'min–max', 'wanted'], ...rows];
}

/** Rows of a table, the head first: what was compiled, how large it is, how fast. */
export function findingRates({ findings }: FindingsResult): string[][] {
  const rows = findings.flatMap((finding) =>
    finding.rates.map(({ name, perSecond }, i) => [
      `${finding.title}: ${name}`,
      (perSecond / 1e6).toPrecision(3),
      ...(i === 0 ? sizesOf(finding) : ['', '', '', '']),
    ]),
  );
  return [['Look-ups', 'M/s', 'hot MB', 'compile, ms', 'one rule more, ms', 'tier'], ...rows];
}

function sizesOf({ facts }: Findings): string[] {
  const bytes = facts.hotBytes ?? facts.bytes;
  const mb = typeof bytes === 'number' ? (bytes / 1e6).toFixed(2) : '';
  const [compile = '', change = ''] = [facts.compileMs, facts.changeOfOneRuleMs].map((ms) => {
    return typeof ms === 'number' ? ms.toFixed(0) : '';
  });
  return [mb, compile, change, `${facts.tier ?? ''}`];
}

/** Lines for a terminal. */
export function findingsTerminal(result: FindingsResult): string {
  const lines = [`${result.case}: ${result.title} (${result.runs} rounds)`];
  const missed = ([, median = '', , wanted = '']: readonly string[]): string =>
    wanted === '' || Number(median) >= Number(wanted.slice(2)) ? '' : '  MISSED';
  for (const row of findingRatios(result).slice(1)) {
    const [what = '', median = '', span = '', wanted = ''] = row;
    lines.push(`  ${median.padStart(8)}×  (${span})  ${what}  ${wanted}${missed(row)}`);
  }
  for (const [what = '', rate = '', mb = '', ms = '', change = '', tier = ''] of findingRates(result).slice(1)) {
    const times = `${ms.padStart(7)} ms ${change.padStart(5)} ms`;
    lines.push(`  ${rate.padStart(8)} M/s  ${mb.padStart(7)} MB ${times}  ${what}  ${tier}`.trimEnd());
  }
  return `${lines.join('\n')}\n`;
}

function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
