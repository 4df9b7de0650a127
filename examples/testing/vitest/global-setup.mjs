import { createServer } from "node:http";
import { providePorts, runPort } from "moorage/testing/vitest";

const leasePorts = providePorts(["api"]);

export default async function setup(project) {
  const release = await leasePorts(project);
  const api = createServer((_, response) => response.end("api")).listen(runPort("api"));
  return async () => {
    api.close();
    await release();
  };
}
