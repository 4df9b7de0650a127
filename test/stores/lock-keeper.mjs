// Keeps the write lock of a database from when it says so until it is told to let go.

import { loadDriver } from "../../dist/stores/sqlite/driver.js";

const database = loadDriver().open(process.argv[2]);
database.exec("BEGIN IMMEDIATE");
process.send("locked");
process.once("message", () => {
  database.exec("ROLLBACK");
  process.send("let go", () => process.exit());
});
