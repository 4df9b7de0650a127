import { leaseRunPorts } from "moorage/testing/jest";
import { serve } from "./play.cjs";

export default async function setup() {
  const { ports, release } = await leaseRunPorts(["web"]);
  globalThis.server = await serve(ports.web);
  globalThis.release = release;
  process.env.WEB_PORT = String(ports.web);
}
