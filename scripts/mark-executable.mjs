// The compiler keeps the first line of the command but not the right to execute it.
import { chmodSync } from "node:fs";

chmodSync(new URL("../dist/cli/main.js", import.meta.url), 0o755);
