/** Public API: every command is a thin layer over these. Re-exports only. */

export type { RecordBatch, Schema } from './decode/arrow.ts';
export type { ColumnCopies } from './decode/column-copies.ts';
export { DEFAULT, type Format, parseHeader, parseLogFormat } from './decode/format.ts';
export type { InterfaceDictionary } from './decode/interface-dictionary.ts';
export type { Decoded, DecodeKernel } from './decode/kernel.ts';
export { FlowDecoder, type FlowDecoderOptions } from './decode/text.ts';
export { BatchClassifier } from './engine/batch-classifier.ts';
export { type ReplayOptions, type ReplayResult, replay } from './engine/replay.ts';
export type { OutputRequest } from './engine/run-outputs.ts';
export type { OwnerGroups } from './engine/tally.ts';
export {
  type CompiledInventory,
  type CompiledVersion,
  compileInventory,
  type InterfaceNumbers,
  type SharedVersion,
} from './engine/versions.ts';
export { type Endpoint, findEndpoint } from './explain/endpoint.ts';
export { explain } from './explain/explain.ts';
export type * from './explain/explanation.ts';
export type { IcmpPacket } from './explain/layer-answer.ts';
export type { ExplainTables } from './explain/tables.ts';
export type * from './inventory/gateway.ts';
export type * from './inventory/inventory.ts';
export { type LoadedInventory, loadInventory } from './inventory/load.ts';
export type * from './inventory/service.ts';
export type { KafkaCompression } from './kafka/codecs.ts';
export type { KafkaConnection, SaslMechanism } from './kafka/connection.ts';
export type * from './model/column-batch.ts';
export { ERROR_CODES, type ErrorCode, FlowtrieError } from './model/errors.ts';
export { type Condition, type FilterName, parseCondition, type RecordFilter } from './model/filter.ts';
export { type CarriedColumn, FIELDS, type Field, type FieldType, type FlowBatch } from './model/flow.ts';
export { type Address, type Cidr, formatAddress, parseAddress } from './model/ip.ts';
export type { KernelFunction, KernelMemory } from './model/kernel.ts';
export type { KernelBlock, KernelHeap } from './model/kernel-heap.ts';
export { type Ledger, ledgerSum, type Malformed } from './model/ledger.ts';
export type * from './model/names.ts';
export type { RecordBlock } from './model/record-block.ts';
export type * from './model/summary.ts';
export type {
  Attribution,
  Direction,
  Drift,
  DriftCause,
  Kind,
  Layer,
  Path,
  Role,
  RoleBasis,
  RouteKind,
  Verdict,
  VerdictBatch,
} from './model/verdict.ts';
export { type AddressBook, type AddressHistory, type Holder, openAddressBook } from './pods/holders.ts';
export type { ServiceTable } from './pods/services.ts';
export type { SnatTable } from './pods/snat.ts';
export { attachRules } from './rules/arena.ts';
export { loadRules, type RulesBuffer, saveRules } from './rules/arena-file.ts';
export type { Catalog, CatalogRule, RouteCatalogRule } from './rules/catalog.ts';
export { type CompiledRules, compileRules, RuleCompiler } from './rules/compile.ts';
export type { InterfaceFacts } from './rules/interface-facts.ts';
export type { ByteArray, IndexArray, RulesSections, RulesView, SignedArray } from './rules/view.ts';
export { ARROW_COMPRESSIONS, type ArrowCompression } from './sink/arrow-compression.ts';
export { type ColumnType, type OutputColumn, outputColumns } from './sink/columns.ts';
export { OUTPUT_FORMATS, type OutputFormat } from './sink/part.ts';
export { renderSummary, summaryJson } from './sink/summary.ts';
export type { Terminal } from './sink/table.ts';
export type { Span } from './source/s3/key-time.ts';
export { type Enqueued, enqueue, listReferences } from './stream/enqueue.ts';
export { type OpenedStream, openStream } from './stream/open-stream.ts';
export type {
  ClickHouseSettings,
  KafkaRequest,
  KafkaSettings,
  StreamRequest,
  StreamSettings,
} from './stream/settings.ts';
export type { LogLevel, StreamLog } from './stream/status.ts';
export { type Generated, generate } from './synthetic/generate.ts';
export { defaultFiles, defaultNodes, formatFields, type LogOptions, type WorldOptions } from './synthetic/options.ts';
export { type HistoryKind, historyKinds } from './synthetic/pod-histories.ts';
