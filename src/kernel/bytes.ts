export const BLANK: u8 = 32;
export const NEWLINE: u8 = 10;
export const DASH: u8 = 45;
export const ZERO: u8 = 48;
