import { leaseRunPorts } from "moorage/testing/jest";

// What is leased here goes with the run: there is nothing to tear down.
export default async function setup() {
  await leaseRunPorts(["api"]);
}
