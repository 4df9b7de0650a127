/**
 * Leases for coding agents: a server of the Model Context Protocol.
 *
 * @module
 */

export { serve } from "./server.ts";
