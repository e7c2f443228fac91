import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes } from "#bytes";
import { ProtocolError } from "#errors";
import { findDigest, HANDSHAKE_BYTES, signHello } from "#protocols/rtmp";
import type { SliceSource } from "#stack";
import { ScriptedCarrier } from "../../../tests/helpers/scripted_carrier.ts";
import {
  encryptedPair,
  exchange,
  latin1,
  NearProtocol,
  ScriptedSource,
  seeded,
  sideOf,
} from "./_rig_test.ts";
import { DiffieHellman } from "./diffie_hellman.ts";
import { publicKeyOf } from "./keys.ts";
import { DH_KEY_BYTES, Rc4, RtmpeClientProtocol, RtmpeProtocol } from "./mod.ts";

// RFC 6229, section 2: the first bytes of the key stream
const KEY_STREAMS = [
  {
    key: "0102030405",
    at0: "b2396305f03dc027ccc3524a0a1118a8",
  },
  {
    key: "0102030405060708090a0b0c0d0e0f10",
    at0: "9ac7cc9a609d1ef7b2932899cde41b97",
  },
];

Deno.test("Rc4 gives the key streams of RFC 6229, in any pieces", () => {
  for (const { key, at0 } of KEY_STREAMS) {
    const whole = new Uint8Array(2048);
    new Rc4(Uint8Array.fromHex(key)).apply(whole, whole);
    assert.equal(whole.subarray(0, 16).toHex(), at0);
    const pieces = new Rc4(Uint8Array.fromHex(key));
    const output = new Uint8Array(2048);
    for (const [from, to] of [[0, 1], [1, 255], [255, 256], [256, 2048]] as const) {
      pieces.apply(new Uint8Array(to - from), output.subarray(from, to));
    }
    assert.deepEqual(output, whole);
    const skipped = new Rc4(Uint8Array.fromHex(key));
    skipped.skip(1536);
    const rest = new Uint8Array(512);
    skipped.apply(rest, rest);
    assert.deepEqual(rest, whole.subarray(1536));
  }
  assert.throws(() => new Rc4(new Uint8Array(0)), RangeError);
  assert.throws(() => new Rc4(new Uint8Array(257)), RangeError);
});

Deno.test("DiffieHellman gives both sides one secret, and keys of full length", () => {
  for (let seed = 1; seed < 20; seed++) {
    const a = new DiffieHellman(seeded(seed));
    const { pair: b, secret } = DiffieHellman.answering(a.publicKey, seeded(seed + 100));
    assert.equal(a.publicKey.length, DH_KEY_BYTES);
    assert.deepEqual(a.secretWith(b.publicKey), secret);
    assert.equal(secret.length, DH_KEY_BYTES);
    assert.notEqual(secret[0], 0);
    assert.notEqual(b.publicKey[0], 0);
  }
});

Deno.test("DiffieHellman works with a public key that starts with zeros", () => {
  let seed = 1;
  let padded = new DiffieHellman(seeded(seed));
  while (padded.publicKey[0] !== 0) padded = new DiffieHellman(seeded(++seed));
  const { pair, secret } = DiffieHellman.answering(padded.publicKey, seeded(5000));
  assert.deepEqual(padded.secretWith(pair.publicKey), secret);
});

const PRIME =
  "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404dd" +
  "ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed" +
  "ee386bfb5a899fa5ae9f24117c4b1fe649286651ece65381ffffffffffffffff";
const BAD_KEYS = [
  { name: "all zeros", key: "00".repeat(128), error: /public key is 0$/ },
  { name: "one", key: "00".repeat(127) + "01", error: /public key is 1$/ },
  { name: "the prime less one", key: PRIME.replace(/f$/, "e"), error: /not below the prime/ },
  { name: "the prime", key: PRIME, error: /not below the prime/ },
  { name: "all ones", key: "ff".repeat(128), error: /not below the prime/ },
];

for (const { name, key, error } of BAD_KEYS) {
  Deno.test(`RtmpeProtocol refuses a public key of ${name}, and sends nothing`, () => {
    const { carrier } = sideOf(new RtmpeProtocol({ randomBytes: seeded(3) }));
    const hello = new Uint8Array(1 + HANDSHAKE_BYTES);
    hello.set([6, 0, 0, 0, 0, 128, 0, 3, 2]);
    publicKeyOf(hello.subarray(1), 1).set(Uint8Array.fromHex(key));
    signHello(hello.subarray(1), { side: "client", scheme: 1 });
    carrier.deliver(hello);
    assert.ok(carrier.closedWith instanceof ProtocolError);
    assert.match(carrier.closedWith.message, error);
    assert.equal(carrier.text, "");
  });
}

Deno.test("RtmpeProtocol refuses a C1 without a digest", () => {
  const { carrier } = sideOf(new RtmpeProtocol());
  carrier.deliver(new Uint8Array(1 + HANDSHAKE_BYTES).fill(6));
  assert.match(String(carrier.closedWith), /C1 carries no valid digest/);
});

Deno.test("RtmpeClientProtocol refuses another version, and an S1 without a digest", () => {
  for (const [version, error] of [[3, /must be 6, is 3/], [6, /S1 carries no valid digest/]] as const) {
    const { carrier } = sideOf(new RtmpeClientProtocol({ randomBytes: seeded(4) }));
    const reply = new Uint8Array(1 + 2 * HANDSHAKE_BYTES);
    reply[0] = version;
    carrier.deliver(reply);
    assert.match(String(carrier.closedWith), error);
  }
});

Deno.test("RtmpeProtocol lets everything through where the first byte is not 6", () => {
  const protocol = new RtmpeProtocol();
  const { carrier, near } = sideOf(protocol);
  assert.equal(near.directCarrier, undefined, "not known yet");
  for (const text of ["\x03", "abc", ""]) carrier.deliver(text);
  near.send(latin1("answer"));
  assert.equal(protocol.isTransparent, true);
  assert.equal(near.directCarrier, carrier);
  assert.deepEqual(near.received, [latin1("\x03"), latin1("abc"), latin1("")]);
  assert.equal(carrier.text, "answer");
});

for (const step of [1, 2, 7, 1535, 1536, 1537, 3073, 100_000]) {
  Deno.test(`RtmpeProtocol and its client agree in steps of ${step} bytes, and carry what is said`, () => {
    const { client, server, protocol } = encryptedPair(step);
    assert.equal(protocol.isEncrypted, true);
    const long = seeded(9)(50_000);
    client.near.send(latin1("connect"));
    client.near.send(long);
    const wire = client.carrier.text;
    assert.ok(!wire.includes("connect"), "nothing goes in plain");
    exchange(client, server, step);
    assert.deepEqual(concatBytes(server.near.received), concatBytes([latin1("connect"), long]));
    server.near.send(latin1("_result"));
    exchange(client, server, step);
    assert.deepEqual(concatBytes(client.near.received), latin1("_result"));
  });
}

Deno.test("RtmpeProtocol delivers what follows C2 in the same read", () => {
  const client = sideOf(new RtmpeClientProtocol({ randomBytes: seeded(2) }));
  const server = sideOf(new RtmpeProtocol({ randomBytes: seeded(1) }));
  server.carrier.deliver(latin1(client.carrier.take()));
  client.carrier.deliver(latin1(server.carrier.take()));
  client.near.send(latin1("pipelined"));
  server.carrier.deliver(latin1(client.carrier.take()));
  assert.deepEqual(concatBytes(server.near.received), latin1("pipelined"));
});

Deno.test("RtmpeProtocol puts its key where either scheme looks for it, whatever it draws", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const server = sideOf(new RtmpeProtocol({ randomBytes: seeded(seed) }));
    const client = sideOf(new RtmpeClientProtocol({ randomBytes: seeded(seed + 1000) }));
    server.carrier.deliver(latin1(client.carrier.take()));
    const s1 = latin1(server.carrier.text).subarray(1, 1 + HANDSHAKE_BYTES);
    assert.deepEqual(publicKeyOf(s1, 0), publicKeyOf(s1, 1));
    assert.equal(findDigest(s1, "server")?.scheme, 1);
  }
});

/** Takes slices as a socket does: in parts, own bytes between them only where the source is at a boundary. */
class PartialCarrier extends ScriptedCarrier {
  #own: Uint8Array[] = [];
  #from: SliceSource | undefined;
  readonly wire: Uint8Array[] = [];
  override send(bytes: Uint8Array): void {
    this.#own.push(bytes);
  }
  override setSource(source: SliceSource | undefined): void {
    this.#from = source;
  }
  /** Writes once, `count` bytes at most; returns whether there was anything. */
  write(count: number): boolean {
    if (this.#own.length > 0 && (this.#from?.isAtBoundary ?? true)) {
      this.wire.push(this.#own.shift()!.slice());
      return true;
    }
    const slice = this.#from?.nextSlice();
    if (slice === undefined) return false;
    const part = slice.subarray(0, count);
    this.wire.push(part.slice());
    this.#from?.accepted(part.length);
    return true;
  }
}

Deno.test("RtmpeProtocol keeps shared slices and own bytes in order, however writes are cut", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 90_000 }), { minLength: 1, maxLength: 5 }),
      fc.array(fc.integer({ min: 1, max: 40_000 }), { minLength: 1, maxLength: 20 }),
      fc.array(fc.boolean(), { minLength: 20, maxLength: 20 }),
      (sizes, cuts, sends) => {
        const carrier = new PartialCarrier();
        const server = new RtmpeProtocol({ randomBytes: seeded(1) });
        const near = new NearProtocol();
        server.linkNear(near);
        server.openOn(carrier);
        const client = sideOf(new RtmpeClientProtocol({ randomBytes: seeded(2) }));
        carrier.deliver(latin1(client.carrier.take()));
        carrier.write(1);
        client.carrier.deliver(carrier.wire.shift()!);
        carrier.deliver(latin1(client.carrier.take()));

        const slices = sizes.map((size, index) => new Uint8Array(size).fill(index + 1));
        near.directCarrier!.setSource(new ScriptedSource(slices));
        for (let turn = 0, isMoving = true; isMoving || turn < sends.length; turn++) {
          if (sends[turn]) near.directCarrier!.send(Uint8Array.of(0xff));
          isMoving = carrier.write(cuts[turn % cuts.length]!);
        }
        for (const bytes of carrier.wire) client.carrier.deliver(bytes);
        const got = concatBytes(client.near.received);
        assert.deepEqual(got.filter((byte) => byte !== 0xff), concatBytes(slices));
        const isCut = got.some((byte, at) =>
          byte === 0xff && at > 0 && got[at - 1] === got[at + 1] && got[at - 1] !== 0xff
        );
        assert.equal(isCut, false, "own bytes stand between slices");
        assert.equal(got.filter((byte) => byte === 0xff).length, sends.filter((isSent) => isSent).length);
      },
    ),
    { numRuns: 60 },
  );
});
