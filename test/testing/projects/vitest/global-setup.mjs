import { providePorts, runPort } from "moorage/testing/vitest";
import { serve } from "./play.cjs";

const lease = providePorts(["web", "db"]);

export default async function setup(project) {
  const release = await lease(project);
  const server = await serve(runPort("web"));
  return async () => {
    server.close();
    await release();
  };
}
