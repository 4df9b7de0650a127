export default async function teardown() {
  globalThis.server.close();
  await globalThis.release();
}
