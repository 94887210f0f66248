/** How a column stores its values, from the file's schema. */
export interface ValueType {
  /** Physical type, `BYTE_ARRAY` and so on. */
  readonly physical: string;
  /** Bytes of a FIXED_LEN_BYTE_ARRAY. */
  readonly length: number;
  readonly unsigned: boolean;
  /** What a stored instant is divided by to be Unix seconds; 1 for other columns. */
  readonly perSecond: number;
  /** Decimal digits behind the point, of a DECIMAL; null = it is none. */
  readonly scale: number | null;
}
