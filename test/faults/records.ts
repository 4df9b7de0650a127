// Records as nobody but a test writes them: behind the back of every registry.

import { join } from "node:path";

import { toText } from "../../src/stores/sqlite/driver.ts";
import { openDatabase } from "../stores/sqlite.ts";

/** Changes the value of the slots of a key, in all scopes; how many it changed. */
export function rewriteSlots(directory: string, key: string, edit: (value: string) => string): number {
  const database = openDatabase(join(directory, "registry.db"));
  try {
    const rows = database
      .prepare("SELECT scope, value FROM slot WHERE key = ? AND value IS NOT NULL")
      .all(key);
    let changed = 0;
    for (const { scope, value } of rows) {
      const text = toText(value);
      const edited = edit(text);
      if (edited === text) continue;
      database
        .prepare("UPDATE slot SET value = ? WHERE scope = ? AND key = ?")
        .run(edited, toText(scope), key);
      changed++;
    }
    return changed;
  } finally {
    database.close();
  }
}
