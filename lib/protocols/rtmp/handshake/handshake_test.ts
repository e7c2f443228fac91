import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { concatBytes } from "#bytes";
import type { RandomBytes } from "#clock";
import { ProtocolError } from "#errors";
import { ClientHandshake } from "./client_handshake.ts";
import { type DigestScheme, findDigest, HANDSHAKE_BYTES, isAnswerValid, signHello } from "./digest.ts";
import { ServerHandshake } from "./server_handshake.ts";

/** Bytes that differ from call to call and run to run not at all. */
function countingBytes(): RandomBytes {
  let next = 1;
  return (length) => Uint8Array.from({ length }, () => (next = next * 73 % 257) & 0xff);
}

function server(): { handshake: ServerHandshake; sent: Uint8Array[] } {
  const sent: Uint8Array[] = [];
  const handshake = new ServerHandshake({
    randomBytes: countingBytes(),
    send: (bytes) => void sent.push(bytes),
  });
  return { handshake, sent };
}

function simpleC1(): Uint8Array {
  const c1 = countingBytes()(HANDSHAKE_BYTES);
  c1.set([0, 0, 0, 0], 4);
  return c1;
}

function digestC1(scheme: DigestScheme): Uint8Array {
  const c1 = countingBytes()(HANDSHAKE_BYTES);
  c1.set([9, 0, 124, 2], 4);
  signHello(c1, { side: "client", scheme });
  return c1;
}

const C0 = Uint8Array.of(3);
const C2 = new Uint8Array(HANDSHAKE_BYTES).fill(0x55);
const PIPELINED = Uint8Array.of(0xca, 0xfe);

const HELLOS = [
  { name: "simple", c1: simpleC1(), kind: "simple", scheme: undefined },
  { name: "digest scheme 0", c1: digestC1(0), kind: "digest", scheme: 0 },
  { name: "digest scheme 1", c1: digestC1(1), kind: "digest", scheme: 1 },
] as const;

for (const { name, c1, kind, scheme } of HELLOS) {
  Deno.test(`ServerHandshake answers ${name} with everything pipelined, at every split`, () => {
    const input = concatBytes([C0, c1, C2, PIPELINED]);
    const handshakeBytes = input.length - PIPELINED.length;
    // every split near a border, and one in 97 of the others
    for (let split = 0; split <= input.length; split++) {
      const isNearBorder = [0, 1, 1537, 3073].some((border) => Math.abs(border - split) < 4);
      if (!isNearBorder && split % 97 !== 0) continue;
      const { handshake, sent } = server();
      let taken = handshake.push(input.subarray(0, split));
      if (taken === split) taken = split + handshake.push(input.subarray(split));
      assert.equal(taken, handshakeBytes, `split at ${split}`);
      assert.equal(handshake.state, "done");
      assert.equal(handshake.kind, kind);
      assert.equal(sent.length, 1);
      checkReply(sent[0]!, { c1, scheme });
    }
  });

  Deno.test(`ServerHandshake answers ${name} byte by byte, as soon as C1 is complete`, () => {
    const { handshake, sent } = server();
    const input = concatBytes([C0, c1, C2]);
    input.forEach((byte, at) => {
      assert.equal(handshake.push(Uint8Array.of(byte)), 1);
      assert.equal(sent.length, at < 1536 ? 0 : 1);
    });
    assert.equal(handshake.isDone, true);
    assert.equal(handshake.push(PIPELINED), 0);
    checkReply(sent[0]!, { c1, scheme });
  });
}

/** Recomputes signatures from the layout, not with the code under test. */
function checkReply(reply: Uint8Array, hello: { c1: Uint8Array; scheme: DigestScheme | undefined }): void {
  assert.equal(reply.length, 3073);
  assert.equal(reply[0], 3);
  const s1 = reply.subarray(1, 1537);
  const s2 = reply.subarray(1537);
  if (hello.scheme === undefined) {
    assert.deepEqual(s1.subarray(4, 8), new Uint8Array(4));
    assert.deepEqual(s2, hello.c1);
    return;
  }
  assert.ok(s1[4]! >= 3, "a version from which players verify");
  const text = "Genuine Adobe Flash Media Server 001";
  const s1At = offsetOf(s1, hello.scheme);
  const s1Digest = createHmac("sha256", text)
    .update(concatBytes([s1.subarray(0, s1At), s1.subarray(s1At + 32)])).digest();
  assert.deepEqual([...s1.subarray(s1At, s1At + 32)], [...s1Digest]);
  const c1At = offsetOf(hello.c1, hello.scheme);
  const tail = "f0eec24a8068bee82e00d0d1029e7e576eec5d2d29806fab93b8e636cfeb31ae";
  const longKey = concatBytes([
    new TextEncoder().encode(text),
    Uint8Array.from(tail.match(/../g)!, (h) => parseInt(h, 16)),
  ]);
  assert.equal(longKey.length, 68);
  const key = createHmac("sha256", longKey).update(hello.c1.subarray(c1At, c1At + 32)).digest();
  const signature = createHmac("sha256", key).update(s2.subarray(0, 1504)).digest();
  assert.deepEqual([...s2.subarray(1504)], [...signature]);
}

function offsetOf(packet: Uint8Array, scheme: DigestScheme): number {
  const at = scheme === 0 ? 8 : 772;
  const sum = packet[at]! + packet[at + 1]! + packet[at + 2]! + packet[at + 3]!;
  return sum % 728 + at + 4;
}

Deno.test("findDigest tells the scheme, and refuses a packet with one bit changed", () => {
  for (const scheme of [0, 1] as const) {
    const c1 = digestC1(scheme);
    assert.equal(findDigest(c1, "client")?.scheme, scheme);
    assert.equal(findDigest(c1, "server"), undefined);
    c1[1535]! ^= 1;
    assert.equal(findDigest(c1, "client"), undefined);
  }
});

Deno.test("findDigest keeps the digest within the packet for every offset", () => {
  for (const scheme of [0, 1] as const) {
    for (const sum of [0, 727, 728, 1020]) {
      const c1 = new Uint8Array(HANDSHAKE_BYTES);
      const at = scheme === 0 ? 8 : 772;
      for (let i = 0, left = sum; i < 4; i++) {
        c1[at + i] = Math.min(left, 255);
        left -= c1[at + i]!;
      }
      signHello(c1, { side: "client", scheme });
      assert.equal(c1.length, HANDSHAKE_BYTES);
      assert.equal(findDigest(c1, "client")?.scheme, scheme, `sum ${sum}`);
    }
  }
});

Deno.test("isAnswerValid checks the server's signature", () => {
  const { handshake, sent } = server();
  const c1 = digestC1(1);
  handshake.push(concatBytes([C0, c1]));
  const digest = findDigest(c1, "client")!.digest;
  const s2 = sent[0]!.subarray(1537);
  assert.equal(isAnswerValid(s2, { side: "server", digest }), true);
  assert.equal(isAnswerValid(s2, { side: "client", digest }), false);
});

const BAD_FIRST_BYTES = [
  { byte: 6, error: /RTMPE \(version 6\) needs protocol rtmpe/ },
  { byte: 0, error: /first byte must be 3, is 0/ },
  { byte: 0x47, error: /first byte must be 3, is 71/ },
  { byte: 0x16, error: /first byte must be 3, is 22/ },
];

for (const { byte, error } of BAD_FIRST_BYTES) {
  Deno.test(`ServerHandshake refuses first byte ${byte}`, () => {
    const { handshake, sent } = server();
    assert.throws(() => handshake.push(Uint8Array.of(byte, 1, 2)), (thrown) => {
      assert.ok(thrown instanceof ProtocolError);
      assert.match(thrown.message, error);
      return true;
    });
    assert.equal(sent.length, 0);
  });
}

Deno.test("ClientHandshake and ServerHandshake finish with each other at any split", () => {
  for (const step of [1, 7, 1536, 4000]) {
    const toServer: Uint8Array[] = [];
    const toClient: Uint8Array[] = [];
    const client = new ClientHandshake({
      randomBytes: countingBytes(),
      send: (bytes) => void toServer.push(bytes),
    });
    const handshake = new ServerHandshake({
      randomBytes: countingBytes(),
      send: (bytes) => void toClient.push(bytes),
    });
    client.start();
    let c2: Uint8Array | undefined;
    while (toServer.length + toClient.length > 0) {
      c2 = toServer.at(-1);
      deliver(toServer.splice(0), { step, to: (bytes) => handshake.push(bytes) });
      deliver(toClient.splice(0), { step, to: (bytes) => client.push(bytes) });
    }
    assert.equal(client.isDone, true);
    assert.equal(handshake.isDone, true);
    assert.equal(handshake.kind, "digest");
    const { digest } = findDigest(client.serverHello!, "server")!;
    assert.equal(isAnswerValid(c2!, { side: "client", digest }), true);
  }
});

function deliver(arrays: Uint8Array[], options: { step: number; to: (bytes: Uint8Array) => void }): void {
  const bytes = concatBytes(arrays);
  for (let at = 0; at < bytes.length; at += options.step) options.to(bytes.subarray(at, at + options.step));
}

Deno.test("ClientHandshake leaves what follows S2, and refuses a server of another version", () => {
  const sent: Uint8Array[] = [];
  const client = new ClientHandshake({
    randomBytes: countingBytes(),
    send: (bytes) => void sent.push(bytes),
  });
  client.start();
  const reply = new Uint8Array(3073).fill(1);
  reply[0] = 3;
  assert.equal(client.push(concatBytes([reply, PIPELINED])), 3073);
  assert.deepEqual(sent[1], reply.slice(1, 1537));
  const other = new ClientHandshake({ randomBytes: countingBytes(), send() {} });
  assert.throws(() => other.push(new TextEncoder().encode("HTTP/1.1 400")), /first byte must be 3, is 72/);
});
