/** Two VPCs share 100.64.0.0/16; subnets lie nested so that rules can be wider and narrower than they are. */
export const VPCS = [
  { id: 'vpc-a', cidrs: ['10.0.0.0/16', '100.64.0.0/16'], cidr6: '2001:db8:a::/56' },
  { id: 'vpc-b', cidrs: ['172.16.0.0/16', '100.64.0.0/16'], cidr6: '2001:db8:b::/56' },
] as const;
export const SUBNETS = [
  { id: 'subnet-a1', vpc: 'vpc-a', base: '10.0.1', cidr6: '2001:db8:a:1::' },
  { id: 'subnet-a2', vpc: 'vpc-a', base: '10.0.2', cidr6: null },
  { id: 'subnet-a3', vpc: 'vpc-a', base: '100.64.3', cidr6: '2001:db8:a:3::' },
  { id: 'subnet-b1', vpc: 'vpc-b', base: '100.64.3', cidr6: null },
  { id: 'subnet-b2', vpc: 'vpc-b', base: '172.16.1', cidr6: '2001:db8:b:2::' },
] as const;
export const BLOCKS4 = [
  ...['0.0.0.0/0', '10.0.0.0/8', '10.0.0.0/16', '10.0.1.0/24', '10.0.1.0/25', '10.0.1.64/28', '10.0.1.5/32'],
  ...['10.0.2.0/24', '10.0.2.5/32', '100.64.0.0/10', '100.64.3.0/24', '100.64.3.64/28', '172.16.0.0/12'],
  ...['172.16.1.0/24', '198.51.100.0/24', '198.51.100.7/32', '203.0.113.0/25', '128.0.0.0/1', '255.255.255.255/32'],
] as const;
export const BLOCKS6 = [
  ...['::/0', '2001:db8::/32', '2001:db8:a::/56', '2001:db8:a:1::/64', '2001:db8:a:1::5/128', '2001:db8:b:2::/64'],
  ...['2001:db8:a:1:0:1::/80', '2600:1f00::/24', '64:ff9b::/96'],
] as const;
export const PORTS = [
  0, 22, 53, 80, 443, 1023, 1024, 3000, 5432, 8080, 30_080, 32_767, 32_768, 40_000, 65_535,
] as const;
export const GROUPS = ['sg-1', 'sg-2', 'sg-3', 'sg-4'] as const;
export const LISTS = ['pl-1', 'pl-2', 'pl-3', 'pl-4', 'pl-missing'] as const;
export const ACCOUNT = '111122223333';
export const OTHER_ACCOUNT = '999900001111';

/** Seconds on which pods come and go, around one inventory instant. */
export const EPOCH = 1_700_000_000;

export function edges4(block: string): string[] {
  const [host = '', length = '32'] = block.split('/');
  return neighbours4(host, 2 ** (32 - Number(length)));
}

/** First and last address of a run, and the ones just outside it. */
export function neighbours4(first: string, count: number): string[] {
  const base = first.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const values = [base - 1, base, base + 1, base + count - 1, base + count];
  const text = (value: number): string => [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
  return values.filter((value) => value >= 0 && value < 2 ** 32).map(text);
}

export function edges6(block: string): string[] {
  const host = block.split('/')[0] ?? '';
  return host.endsWith('::') ? [host === '::' ? '::1' : host, `${host}1`, `${host}ffff`] : [host];
}
