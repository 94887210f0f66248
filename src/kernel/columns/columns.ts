/**
 * Columns of the output from columns of a batch: numbers of addresses, owners and rules, dictionary codes, bitmaps and
 * words. Compiled to WebAssembly; one instance a worker, over the memory of its decoder. Arguments are byte addresses
 * unless they say something else; `rows` may be 0.
 */
export { addressIds, effectiveIds, placeAddresses } from './addresses';
export { encode, encodeDistinct, mapCodes } from './dictionary';
export { interfaceIds, ownerIds, ruleIds, serviceIds, widen16 } from './ids';
export { jsonRows } from './json';
export { codeBits, plainCodes, plainWords, setBits, wordBits } from './nulls';
export { allBits, copy, countByte, fill, markAbsent, widen32, zeroAbsent } from './numbers';
export {
  allEqual,
  listLevels,
  packCodes,
  plainTexts,
  presentCodes,
  presentWide,
  shortCodes,
  wideCodes,
  wordCodes,
} from './pages';
export { gatherTexts, textBytes } from './texts';
export { carriedIds, codesOfIds, isAscii, placeValues, textIds, valuesSpan } from './values';
export { presentWords, words } from './words';
