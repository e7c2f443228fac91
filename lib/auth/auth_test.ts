import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { ManualClock } from "#clock";
import {
  type AccessRule,
  AccessRules,
  addressRangeFault,
  AdobeAuthenticator,
  adobeVerifier,
  CHALLENGE_TIMEOUT_MS,
  hashPassword,
  isHashed,
  MAX_CHALLENGES,
  parseAuthQuery,
  UserTable,
  verifyPassword,
} from "./mod.ts";

Deno.test("verifyPassword knows its own hashes, and those of RFC 7914", async () => {
  const stored = await hashPassword("pässword");
  assert.ok(isHashed(stored));
  assert.equal(await verifyPassword(stored, "pässword"), true);
  assert.equal(await verifyPassword(stored, "password"), false);
  assert.notEqual(stored, await hashPassword("pässword"), "salted");
  // RFC 7914, section 12: P="pleaseletmein", S="SodiumChloride", N=16384, r=8, p=1
  const hash = Uint8Array.fromHex(
    "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2" +
      "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887",
  );
  const encode = (bytes: Uint8Array) => bytes.toBase64({ omitPadding: true });
  const rfc = `$scrypt$ln=14,r=8,p=1$${encode(new TextEncoder().encode("SodiumChloride"))}$${encode(hash)}`;
  assert.equal(await verifyPassword(rfc, "pleaseletmein"), true);
});

Deno.test("verifyPassword takes plain passwords of old files, and refuses hashes that cost too much", async () => {
  assert.equal(await verifyPassword("secret", "secret"), true);
  assert.equal(await verifyPassword("secret", "secreT"), false);
  assert.equal(await verifyPassword("secret", ""), false);
  assert.equal(await verifyPassword("x".repeat(300), "x".repeat(300)), false, "too long");
  for (const stored of ["$scrypt$", "$scrypt$ln=30,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA"]) {
    await assert.rejects(verifyPassword(stored, "x"), { name: "FormatError" });
  }
  await assert.rejects(hashPassword("x".repeat(257)), {
    name: "LimitError",
    limitName: "MAX_PASSWORD_BYTES",
  });
});

Deno.test("UserTable verifies, and remembers what was right only", async () => {
  const users = new UserTable([{ name: "anna", password: await hashPassword("right") }, {
    name: "ben",
    password: "plain",
  }]);
  for (let turn = 0; turn < 2; turn++) {
    assert.equal(await users.verify("anna", "right"), true);
    assert.equal(await users.verify("anna", "wrong"), false);
    assert.equal(await users.verify("ben", "plain"), true);
    assert.equal(await users.verify("nobody", "right"), false);
    assert.equal(await users.verify("nobody", ""), false);
  }
  assert.deepEqual(users.plainNames(), ["ben"]);
});

Deno.test("UserTable refuses more checks than may wait", async () => {
  const users = new UserTable([{
    name: "anna",
    password: await hashPassword("right", () => new Uint8Array(16)),
  }]);
  const checks = Array.from({ length: 80 }, (_, index) => users.verify("anna", `wrong${index}`));
  assert.equal((await Promise.all(checks)).includes(true), false);
  assert.equal(await users.verify("anna", "right"), true);
});

Deno.test("UserTable refuses names that are there twice or could break a line", () => {
  for (const names of [["a", "a"], [""], ["a b"], ["a&b"], ["x".repeat(65)], ["a\nb"]]) {
    assert.throws(() => new UserTable(names.map((name) => ({ name, password: "p" }))), {
      name: "ConfigError",
    });
  }
});

const md5 = (text: string) => createHash("md5").update(text).digest("base64");

/** What encoders compute: librtmp and FFmpeg do it in this way. */
function encoderAnswer(
  description: string,
  { user, password, own = "d00df00d" }: { user: string; password: string; own?: string },
): string {
  const fields = parseAuthQuery(description.slice(description.indexOf("?") + 1));
  const opaque = fields.get("opaque")!;
  const response = md5(md5(user + fields.get("salt") + password) + opaque + own);
  return `authmod=adobe&user=${user}&challenge=${own}&response=${response}&opaque=${opaque}`;
}

async function adobeRig(): Promise<{ clock: ManualClock; adobe: AdobeAuthenticator }> {
  const clock = new ManualClock();
  const users = new UserTable([
    { name: "plain", password: "pw" },
    {
      name: "hashed",
      password: await hashPassword("pw"),
      adobe: adobeVerifier({ name: "hashed", password: "pw" }),
    },
    { name: "bare", password: await hashPassword("pw") },
  ]);
  return { clock, adobe: new AdobeAuthenticator(() => users, { clock }) };
}

const HERE = "192.0.2.1";

function challenged(adobe: AdobeAuthenticator, user: string): string {
  const answer = adobe.answer(`authmod=adobe&user=${user}`, HERE);
  assert.equal(answer.isAccepted, false);
  assert.ok("description" in answer);
  return answer.description;
}

Deno.test("AdobeAuthenticator asks, challenges, and accepts the right answer", async () => {
  const { adobe } = await adobeRig();
  const first = adobe.answer("", HERE);
  assert.deepEqual(first, {
    isAccepted: false,
    description: "[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : ",
    reason: "asked for user and password",
  });
  for (const user of ["plain", "hashed"]) {
    const description = challenged(adobe, user);
    assert.match(description, /^\[ AccessManager\.Reject \] : \[ authmod=adobe \] : \?reason=needauth&user=/);
    assert.deepEqual(adobe.answer(encoderAnswer(description, { user, password: "pw" }), HERE), {
      isAccepted: true,
      user,
    });
  }
});

Deno.test("AdobeAuthenticator refuses wrong, late, repeated, borrowed and made-up answers alike", async () => {
  const { adobe, clock } = await adobeRig();
  const failed = (query: string, address = HERE) => {
    const answer = adobe.answer(query, address);
    assert.ok(!answer.isAccepted);
    assert.match(answer.description, /\?reason=authfailed&opaque=/);
    assert.ok(!answer.reason.includes("pw"));
    return answer.description.replace(/opaque=.*/, "");
  };
  const answerTo = (user: string, password: string) =>
    encoderAnswer(challenged(adobe, user), { user, password });
  const texts = [
    failed(answerTo("plain", "wrong")),
    failed(answerTo("nobody", "pw")),
    failed(answerTo("bare", "pw")),
    failed(answerTo("plain", "pw"), "192.0.2.2"),
    failed(answerTo("plain", "pw").replace("user=plain", "user=hashed")),
    failed("authmod=adobe&user=plain&challenge=a&response=b&opaque=c"),
    failed("authmod=adobe&user=pl ain"),
  ];
  assert.equal(new Set(texts).size, 1, "nobody learns why");
  const used = answerTo("plain", "pw");
  assert.equal(adobe.answer(used, HERE).isAccepted, true);
  failed(used);
  const late = answerTo("plain", "pw");
  clock.advance(CHALLENGE_TIMEOUT_MS);
  failed(late);
});

Deno.test("AdobeAuthenticator tells nobody whether a user exists", async () => {
  const { adobe } = await adobeRig();
  const saltOf = (user: string) => /salt=([^&]+)/.exec(challenged(adobe, user))![1]!;
  for (const user of ["plain", "hashed", "bare", "nobody"]) {
    assert.equal(saltOf(user), saltOf(user));
    assert.equal(saltOf(user).length, 12);
  }
  assert.notEqual(saltOf("nobody"), saltOf("nobody2"));
});

Deno.test("AdobeAuthenticator holds so many challenges and no more", async () => {
  const { adobe } = await adobeRig();
  const first = encoderAnswer(challenged(adobe, "plain"), { user: "plain", password: "pw" });
  for (let count = 0; count < MAX_CHALLENGES; count++) challenged(adobe, "nobody");
  assert.equal(adobe.answer(first, HERE).isAccepted, false);
});

function rule(fields: Partial<AccessRule>): AccessRule {
  return { action: "any", allow: true, users: [], addresses: [], names: [], ...fields };
}

Deno.test("AccessRules: the first that fits decides, none that fits denies, none about it allows", () => {
  const rules = new AccessRules([
    rule({ action: "publish", allow: false, names: ["private-*"], addresses: ["198.51.100.0/24"] }),
    rule({ action: "publish", users: ["anna", "ben"] }),
    rule({ action: "publish", addresses: ["10.0.0.0/8", "2001:db8::/32"], names: ["cam*-hd", "studio"] }),
  ]);
  const ask = (fields: { user?: string; address?: string; streamName?: string }) =>
    rules.allows({ action: "publish", user: undefined, address: "192.0.2.1", streamName: "x", ...fields });
  const cases: [Parameters<typeof ask>[0], boolean][] = [
    [{ user: "anna" }, true],
    [{ user: "carl" }, false],
    [{}, false],
    [{ address: "10.9.8.7", streamName: "studio" }, true],
    [{ address: "::ffff:10.9.8.7", streamName: "cam1-hd" }, true],
    [{ address: "11.0.0.1", streamName: "studio" }, false],
    [{ address: "2001:DB8::1", streamName: "studio" }, true],
    [{ address: "2001:db9::1", streamName: "studio" }, false],
    [{ address: "10.0.0.1", streamName: "cam1-hd2" }, false],
    [{ user: "anna", address: "198.51.100.7", streamName: "private-a" }, false],
    [{ user: "anna", address: "198.51.101.7", streamName: "private-a" }, true],
  ];
  for (const [question, expected] of cases) assert.equal(ask(question), expected, JSON.stringify(question));
  assert.equal(
    rules.allows({ action: "play", user: undefined, address: "192.0.2.1", streamName: "x" }),
    true,
  );
  assert.deepEqual([rules.wantsUser("publish"), rules.wantsUser("play")], [true, false]);
  assert.deepEqual([rules.isAbout("publish"), rules.isAbout("play")], [true, false]);
});

Deno.test("AccessRules: * is any user, and any run of characters", () => {
  const rules = new AccessRules([rule({ users: ["*"], names: ["a.b*"] })]);
  const ask = (user: string | undefined, streamName: string) =>
    rules.allows({ action: "play", user, address: "::1", streamName });
  assert.deepEqual([ask("x", "a.bc"), ask(undefined, "a.bc"), ask("x", "aXbc"), ask("x", "a.b\nc")], [
    true,
    false,
    false,
    true,
  ]);
});

Deno.test("addressRangeFault takes addresses and ranges, and nothing else", () => {
  for (
    const text of [
      "1.2.3.4",
      "1.2.3.4/0",
      "1.2.3.4/32",
      "::",
      "::1/128",
      "fe80::1%eth0",
      "1:2:3:4:5:6:7:8",
      "1::/16",
    ]
  ) {
    assert.equal(addressRangeFault(text), undefined, text);
  }
  for (
    const text of [
      "",
      "1.2.3",
      "1.2.3.256",
      "1.2.3.4/33",
      "1.2.3.4/-1",
      "1.2.3.4/a",
      "::1/129",
      "1::2::3",
      ":",
      "g::",
      "1:2:3",
      "1.2.3.4/8/8",
      "host",
    ]
  ) {
    assert.ok(addressRangeFault(text), text);
  }
  fc.assert(fc.property(fc.string(), (text) => void addressRangeFault(text)));
});

Deno.test("parseAuthQuery splits as encoders write, and decodes nothing", () => {
  const fields = parseAuthQuery("a=1&b==x=&a=2&c&=d&response=ab+/==");
  assert.deepEqual([...fields], [["a", "1"], ["b", "=x="], ["response", "ab+/=="]]);
});
