import assert from "node:assert/strict";
import { receiveBufferAdvice } from "./receive_buffers.ts";

Deno.test("receiveBufferAdvice says how to raise buffers that are small", async () => {
  const advice = (text: string) => receiveBufferAdvice(() => Promise.resolve(text));
  assert.match(
    await advice("212992\n") ?? "",
    /hold 208 KiB of .*sysctl -w net\.core\.rmem_default=4194304 net\.core\.rmem_max=4194304$/,
  );
  assert.equal(await advice("4194304\n"), undefined);
  assert.match(
    await receiveBufferAdvice(() => Promise.reject(new Error("not allowed"))) ?? "",
    /what the system gives/,
  );
});
