/** Public API: every command is a thin layer over these. Re-exports only. */

export { DEFAULT, type Format, parseHeader, parseLogFormat } from './decode/format.ts';
export { FlowDecoder, type FlowDecoderOptions } from './decode/text.ts';
export { type ReplayOptions, type ReplayResult, replay } from './engine/replay.ts';
export { type CompiledInventory, type CompiledVersion, compileInventory } from './engine/versions.ts';
export { type Endpoint, findEndpoint } from './explain/endpoint.ts';
export { explain } from './explain/explain.ts';
export type { ExplainFlow, ExplainStep, Explanation, Forward, Outcome } from './explain/explanation.ts';
export type { ExplainTables } from './explain/tables.ts';
export type { Inventory, InventoryWarning } from './inventory/inventory.ts';
export { type LoadedInventory, loadInventory } from './inventory/load.ts';
export { ERROR_CODES, type ErrorCode, FlowtrieError } from './model/errors.ts';
export { FIELDS, type Field, type FlowBatch } from './model/flow.ts';
export { type Ledger, ledgerSum } from './model/ledger.ts';
export type { Summary } from './model/summary.ts';
export type { VerdictBatch } from './model/verdict.ts';
export { attachRules } from './rules/arena.ts';
export { loadRules, type RulesBuffer, saveRules } from './rules/arena-file.ts';
export { type CompiledRules, compileRules, RuleCompiler } from './rules/compile.ts';
export type { RulesView } from './rules/view.ts';
export { type OutputColumn, outputColumns } from './sink/columns.ts';
export { OUTPUT_FORMATS, type OutputFormat } from './sink/part.ts';
export { renderSummary, summaryJson } from './sink/summary.ts';
