import { strict as assert } from 'node:assert';

/** An IPv4 block of the plan; `base` is a u32 with host bits zero. */
export interface Block {
  readonly base: number;
  readonly length: number;
}

/** `10.42.0.0/16` → block. The text is a constant of this room. */
export function block(text: string): Block {
  const [host = '', length = ''] = text.split('/');
  return { base: addressOf(host), length: Number(length) };
}

function addressOf(text: string): number {
  return text.split('.').reduce((value, part) => value * 256 + Number(part), 0);
}

/** Dotted decimal of a u32. */
export function dotted(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

export function cidrText({ base, length }: Block): string {
  return `${dotted(base)}/${length}`;
}

/** Addresses AWS keeps at the start of each subnet (VPC User Guide, "Subnet CIDR blocks"). */
const RESERVED_FIRST = 4;
/** Addresses of a delegated prefix. */
export const PREFIX_ADDRESSES = 16;

/** Hands out a subnet's addresses: single ones from the bottom, /28 prefixes from the top. */
export class AddressPool {
  private nextSingle: number;
  private nextPrefix: number;
  private readonly name: string;

  constructor({ base, length }: Block, name: string) {
    this.nextSingle = base + RESERVED_FIRST;
    // the last /28 holds the reserved broadcast address
    this.nextPrefix = base + 2 ** (32 - length) - 2 * PREFIX_ADDRESSES;
    this.name = name;
  }

  single(): number {
    if (this.nextSingle >= this.nextPrefix + PREFIX_ADDRESSES) assert.fail(`subnet ${this.name} has no address left`);
    return this.nextSingle++;
  }

  prefix(): number {
    if (this.nextPrefix < this.nextSingle) assert.fail(`subnet ${this.name} has no prefix left`);
    const base = this.nextPrefix;
    this.nextPrefix -= PREFIX_ADDRESSES;
    return base;
  }
}
