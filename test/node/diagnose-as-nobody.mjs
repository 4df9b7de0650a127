// Diagnoses a folder as the user "nobody", and sends the diagnosis.

import { diagnose } from "../../dist/node/index.js";

process.setgid(65534);
process.setuid(65534);
process.send(await diagnose({ directory: process.argv[2] }));
process.disconnect();
