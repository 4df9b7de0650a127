/**
 * A store that lives in one process and ends with it: for tests, tools, and programs that need no more.
 *
 * @module
 */

export { memory, type SharedMemory } from "./store.ts";
