/**
 * The default store: SQLite in the user's state folder, shared by every process of the user.
 *
 * @module
 */

export { openSqliteStore } from "./store.ts";
