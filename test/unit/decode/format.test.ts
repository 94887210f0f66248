import { describe, expect, it } from 'vitest';
import { DEFAULT, formatOf, parseHeader, parseLogFormat, TGW_DEFAULT } from '../../../src/decode/format.ts';
import { FlowtrieError } from '../../../src/model/errors.ts';

describe('parseHeader', () => {
  it.each([
    ['hyphens', 'version interface-id flow-direction'],
    ['underscores', 'version interface_id flow_direction'],
    ['camel case', 'version interfaceId flowDirection'],
    ['capitals', 'VERSION INTERFACE-ID Flow_Direction'],
    ['commas', 'version,interface-id,flow-direction'],
    ['blanks around and between', '  version \t interface-id  flow-direction\r'],
    ['an ISO time in front', '2024-12-20T18:23:02.000Z version interface-id flow-direction'],
    ['a byte order mark', '\uFEFFversion,interface-id,flow-direction\r'],
  ])('reads names with %s', (_, line) => {
    expect(parseHeader(line)?.names).toEqual(['version', 'interface-id', 'flow-direction']);
  });

  it('keeps unknown names as written', () => {
    // what flowtrie writes has both: the packet's and the logged address
    expect(parseHeader('srcaddr,src_addr')?.names).toEqual(['srcaddr', 'src_addr']);
    expect(parseHeader('version My_New-Field')?.names).toEqual(['version', 'My_New-Field']);
  });

  it.each([
    '',
    'vpc flow logs',
    '2 123 eni-1',
    'version 2',
    'version 10.0.0.1',
    'type fd00::1',
    'start -',
    'no-name version',
    'version srcaddr dstaddr srcaddr',
    'version,src_addr,srcAddr',
  ])('takes %j for no header', (line) => {
    expect(parseHeader(line)).toBeUndefined();
  });
});

describe('parseLogFormat', () => {
  it("reads AWS's syntax", () => {
    expect(parseLogFormat(' ${version} ${vpc-id}  ${account-id} ').names).toEqual(['version', 'vpc-id', 'account-id']);
    expect(parseLogFormat('${interface_id} ${a-new-field}').names).toEqual(['interface-id', 'a-new-field']);
  });

  it.each([
    ['${version} srcaddr', "'srcaddr'"],
    ['${version}${srcaddr}', "'${version}${srcaddr}'"],
    ['', "''"],
    ['${start} ${Start}', "'start'"],
    [Array.from({ length: 251 }, (_, i) => `\${f${i}}`).join(' '), '251'],
  ])('refuses %.30s and names the bad part', (text, named) => {
    expect(() => parseLogFormat(text)).toThrow(FlowtrieError);
    expect(() => parseLogFormat(text)).toThrow(named);
  });
});

describe('formatOf', () => {
  it('knows transit gateway formats by their fields', () => {
    expect(DEFAULT.tgw).toBe(false);
    expect(TGW_DEFAULT.tgw).toBe(true);
    expect(formatOf(['version', 'tgw-attachment-id', 'srcaddr']).tgw).toBe(true);
    expect(formatOf(['version', 'resource-id', 'srcaddr']).tgw).toBe(false);
  });
});
