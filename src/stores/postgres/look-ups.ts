// Finding rows by their index, whatever the server believes of the table.
//
// Between a scope and a key, or a scope and a time, a planner without statistics guesses that the scope alone leaves a row
// or two, and reads all of it. What is behind OFFSET 0 is planned by itself, and has no choice.

/** The slot of one key, as a table to be joined LATERAL. */
export function slotByKey(identifier: string, scope: string, key: string): string {
  return `(SELECT * FROM ${identifier}.slot f WHERE f.scope = ${scope} AND f.key = ${key} OFFSET 0)`;
}

/** The slots of all scopes whose time was over at a moment. */
export function runOut(identifier: string, moment: string): string {
  return `(SELECT f.scope, f.key FROM ${identifier}.slot f WHERE f.expires_at <= ${moment} OFFSET 0)`;
}
