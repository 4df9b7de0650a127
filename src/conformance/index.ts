/**
 * Whether a store keeps the contract: cases to run against it, in any test framework, and a checker that proves
 * the recorded history of many processes linearizable.
 *
 * @example
 * for (const { name, run } of conformanceCases) {
 *   test(name, () => run({ open: () => shared.open(), wait: (ms) => setTimeout(ms) }));
 * }
 *
 * @module
 */

export type { ConformanceCase, ConformanceSetup } from "./case.ts";
export { checkHistory, type HistoryVerdict } from "./check-history.ts";
export {
  type HistoryAnswer,
  type HistoryCall,
  type HistoryEvent,
  recordHistory,
  type RecordOptions,
} from "./history.ts";
export { conformanceCases } from "./suite.ts";
