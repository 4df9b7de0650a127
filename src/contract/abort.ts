// Cancellation as the pure layers see it: the parts of the platform's AbortSignal and AbortController that
// they use.

import { describe } from "../core/expect.ts";

/** An `AbortSignal`, by shape, so that layers without Node or DOM types can take one. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** The platform's own `AbortSignal` where its types are known, which all programs that use the package have. */
export type PlatformSignal = typeof globalThis extends { AbortSignal: { prototype: infer Signal } }
  ? Signal
  : AbortSignalLike;

/** A signal and the means to abort it. */
export interface Abortable {
  readonly signal: PlatformSignal;
  abort(reason: unknown): void;
}

export interface AbortableOptions {
  /** Ends the call early: it rejects with the signal's reason, and what it had begun is given back. */
  readonly signal?: AbortSignalLike | undefined;
}

/** @throws the signal's reason when it is aborted. */
export function throwIfAborted(signal: AbortSignalLike | undefined): void {
  if (signal?.aborted) throw signal.reason;
}

/** @throws TypeError for what is neither an AbortSignal nor left out. */
export function expectSignal(value: unknown): void {
  if (value === undefined) return;
  if (typeof value === "object" && value !== null && "addEventListener" in value) return;
  throw new TypeError(`\`signal\`: expected an AbortSignal, received ${describe(value)}`);
}
