import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { Ledger } from '../../src/model/ledger.ts';
import { corpusPath, describeCorpus } from '../support/corpus.ts';
import { replayInputs } from '../support/replay-files.ts';

const OTEL = 'otel-awslogsencoding';
/** Every flow log of the corpus: how each of its lines has to end; counted by hand from the files. */
const FILES: readonly [path: readonly [string, string], wanted: Partial<Ledger>][] = [
  [['eks-drewpy-2024-12-20', 'vpcflowlogs12-20.log'], { lines: 11_057, classified: 10_994, skipdata: 63 }],
  [['flowlogs-reader', 'flows.parquet'], { lines: 3, classified: 1, nodata: 2 }],
  [[OTEL, 'valid_tgw_flow_log.log'], { lines: 2, headers: 1, notJudged: 1 }],
  [[OTEL, 'valid_vpc_flow_log.log'], { lines: 2, headers: 1, nodata: 1 }],
  [[OTEL, 'valid_vpc_flow_log_ecs.log'], { lines: 2, headers: 1, classified: 1 }],
  [[OTEL, 'valid_vpc_flow_log_multi.log'], { lines: 3, headers: 1, classified: 2 }],
  [[OTEL, 'valid_vpc_flow_cw.json'], { lines: 2, classified: 2 }],
  // formats that only --log-format can tell: never chosen by the number of fields
  [[OTEL, 'valid_vpc_flow_cw_custom.json'], { lines: 2, malformed: { 'field-count': 2 } }],
  [[OTEL, 'valid_tgw_flow_cw.json'], { lines: 1, malformed: { 'field-count': 1 } }],
  [[OTEL, 'vpc_flow_log_too_few_fields.log'], { lines: 2, headers: 1, malformed: { 'field-count': 1 } }],
  [[OTEL, 'vpc_flow_log_too_many_fields.log'], { lines: 2, headers: 1, malformed: { 'field-count': 1 } }],
];

describeCorpus('every flow log of the corpus', () => {
  it.each(FILES)('%j', async (path, wanted) => {
    const { ledger, failures, rows } = await replayInputs([corpusPath(...path)]);
    const none = {
      headers: 0,
      blank: 0,
      classified: 0,
      nodata: 0,
      skipdata: 0,
      notJudged: 0,
      filtered: 0,
      duplicate: 0,
    };
    expect(ledger).toEqual({ ...none, malformed: {}, ...wanted });
    expect(failures).toEqual([]);
    expect(rows.length).toBe(ledger.classified + ledger.notJudged);
  });

  it('none is left out', () => {
    const known = FILES.map(([[, name]]) => name);
    const found = readdirSync(corpusPath(OTEL, '.')).filter((name) => name !== 'ORIGIN');
    expect(found.filter((name) => !known.includes(name))).toEqual([]);
  });
});
