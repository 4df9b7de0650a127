import { openProject } from "moorage/project";

const project = await openProject();

// A service of this worktree: leased as any other port, and kept for it.
const web = await project.acquire("web");
console.log(web.name === project.nameOf("web")); //=> true
await web.release();

// Ports without leases, running or not. "api" has none yet: it is given one, and keeps it.
const ports = await project.ports(["web", "api"]);
console.log(ports.get("web") === web.port, ports.get("api") === web.port); //=> true false

// For the environment of others.
const { API_PORT, WEB_URL } = await project.variables(["web", "api"]);
console.log(API_PORT === String(ports.get("api"))); //=> true
console.log(WEB_URL === `http://localhost:${web.port}`); //=> true

await project.close();
