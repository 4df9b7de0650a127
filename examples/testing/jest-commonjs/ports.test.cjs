test("a port of this test's own", async () => {
  const { port } = await moorage.acquire();
  expect(port).toBeGreaterThan(1023);
});
