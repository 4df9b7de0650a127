import { leaseRunPorts } from "moorage/testing/jest";
import { serve } from "./play.cjs";

export default async function setup() {
  const { ports, release } = await leaseRunPorts(["web", "db"]);
  globalThis.server = await serve(ports.web);
  globalThis.release = release;
  process.env.DB_PORT = String(ports.db);
}
