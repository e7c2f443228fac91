import assert from "node:assert/strict";
import type { VariantMessage } from "#application";
import { plainOf, type PlainValue, variantOf } from "#variant";
import { applicationContext } from "../../tests/helpers/application_context.ts";
import { vptests } from "./mod.ts";

const TARGETS = [
  { name: "back", url: "tcp://192.0.2.1:1", format: "json", sslVerify: false },
  { name: "gone", url: "http://gone", format: "xml", sslVerify: true },
];

Deno.test("vptests sends messages back, or to the target they name", async () => {
  const opened: unknown[] = [];
  const application = vptests.create(applicationContext(vptests, {
    options: { targets: TARGETS },
    outbound: {
      connect: () => Promise.reject(new Error("It has no chains")),
      variant(url, options) {
        opened.push([url, options]);
        if (url === "http://gone") return Promise.reject(new Error("refused"));
        return Promise.resolve({
          request: (value) => Promise.resolve(variantOf({ got: plainOf(value) })),
          close: () => opened.push("closed"),
        });
      },
    },
  }));
  const ask = async (value: PlainValue) => {
    const message: VariantMessage = {
      value: variantOf(value),
      format: "xml",
      transport: "tcp",
      address: "192.0.2.7",
      port: 1,
      target: "",
    };
    const answer = await application.variant?.(message);
    return answer && plainOf(answer);
  };
  for (const value of [1, "text", { a: [1, 2] }, { to: "back" }, { to: 1, value: 2 }, [1, 2]]) {
    assert.deepEqual(await ask(value), value);
  }
  assert.deepEqual(await ask({ to: "back", value: [1] }), { got: [1] });
  assert.deepEqual(await ask({ to: "gone", value: 1 }), {
    error: "gone cannot be reached, or did not answer",
  });
  assert.deepEqual(await ask({ to: "nobody", value: 1 }), { error: "There is no target nobody" });
  assert.deepEqual(opened, [
    ["tcp://192.0.2.1:1", { format: "json", tls: { isVerified: false } }],
    "closed",
    ["http://gone", { format: "xml", tls: { isVerified: true } }],
  ]);
});
