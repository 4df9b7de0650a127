import { portSync } from "moorage/project";

// As in a vite.config.js, for the service "web" of the worktree that it lies in.
const config = { server: { port: portSync("web"), strictPort: true } };

console.log(config.server.port === portSync("web")); //=> true
