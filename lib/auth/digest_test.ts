import assert from "node:assert/strict";
import fc from "fast-check";
import {
  ClientLogin,
  type DigestAlgorithm,
  digestChallengeOf,
  digestResponse,
  digestSecret,
  formatDigestChallenge,
  formatDigestCredentials,
  MAX_AUTH_HEADER_LENGTH,
  parseAuthChallenges,
  parseDigestCredentials,
} from "./mod.ts";

/** RFC 7616 section 3.9.1, RFC 2617 section 3.5, RFC 2069 section 2.4 with its erratum. */
const VECTORS: readonly {
  algorithm: DigestAlgorithm;
  realm: string;
  password: string;
  nonce: string;
  count?: { nc: string; cnonce: string };
  response: string;
}[] = [
  {
    algorithm: "SHA-256",
    realm: "http-auth@example.org",
    password: "Circle of Life",
    nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
    count: { nc: "00000001", cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ" },
    response: "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
  },
  {
    algorithm: "MD5",
    realm: "http-auth@example.org",
    password: "Circle of Life",
    nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
    count: { nc: "00000001", cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ" },
    response: "8ca523f5e9506fed4657c9700eebdbec",
  },
  {
    algorithm: "MD5",
    realm: "testrealm@host.com",
    password: "Circle Of Life",
    nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093",
    count: { nc: "00000001", cnonce: "0a4f113b" },
    response: "6629fae49393a05397450978507c4ef1",
  },
  {
    algorithm: "MD5",
    realm: "testrealm@host.com",
    password: "CircleOfLife",
    nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093",
    response: "1949323746fe6a43ef61f9606e7febea",
  },
];

Deno.test("digestResponse gives what the RFCs print", () => {
  for (const { algorithm, realm, password, nonce, count, response } of VECTORS) {
    const secret = digestSecret({ user: "Mufasa", realm, password }, algorithm);
    const question = { method: "GET", uri: "/dir/index.html", nonce, algorithm, count };
    assert.equal(digestResponse(secret, question), response, `${algorithm} ${realm}`);
  }
});

Deno.test("digestResponse of a -sess algorithm hashes the nonces into the secret", () => {
  const secret = digestSecret({ user: "u", realm: "r", password: "p" }, "MD5-SESS");
  const question = { method: "PLAY", uri: "rtsp://h/a", nonce: "n", count: { nc: "00000001", cnonce: "c" } };
  const session = digestSecret({ user: secret, realm: "n", password: "c" }, "MD5");
  assert.equal(
    digestResponse(secret, { ...question, algorithm: "MD5-SESS" }),
    digestResponse(session, { ...question, algorithm: "MD5" }),
  );
});

Deno.test("parseAuthChallenges reads what servers write", () => {
  const cases: readonly [string, readonly [string, Record<string, string>][]][] = [
    ['Basic realm="crtmp"', [["basic", { realm: "crtmp" }]]],
    ["Basic", [["basic", {}]]],
    ['Digest realm="a, b", nonce="x"', [["digest", { realm: "a, b", nonce: "x" }]]],
    ['Digest realm="a \\"b\\" c",nonce=x,stale=FALSE', [
      ["digest", { realm: 'a "b" c', nonce: "x", stale: "FALSE" }],
    ]],
    ['Digest realm="r", nonce="n", algorithm=SHA-256, Digest realm="r", nonce="m", Basic realm="r"', [
      ["digest", { realm: "r", nonce: "n", algorithm: "SHA-256" }],
      ["digest", { realm: "r", nonce: "m" }],
      ["basic", { realm: "r" }],
    ]],
    ['Digest  realm = "r" , nonce = "n"', [["digest", { realm: "r", nonce: "n" }]]],
    ['realm="nobody\'s"', []],
    ['Digest realm="r", ;;;, nonce="n', [["digest", { realm: "r" }]]],
    ["", []],
    [`Basic realm="${"x".repeat(MAX_AUTH_HEADER_LENGTH)}"`, []],
  ];
  for (const [text, wanted] of cases) {
    const found = parseAuthChallenges(text).map(({ scheme, parameters }) => [
      scheme,
      Object.fromEntries(parameters),
    ]);
    assert.deepEqual(found, wanted, text.slice(0, 100));
  }
});

Deno.test("digestChallengeOf leaves out what cannot be answered", () => {
  const asked = (text: string) => digestChallengeOf(parseAuthChallenges(text)[0]!);
  assert.equal(asked('Digest realm="r", nonce="n"')?.algorithm, "MD5");
  assert.equal(asked('Digest realm="r", nonce="n", algorithm="md5-sess"')?.algorithm, "MD5-SESS");
  assert.equal(asked('Digest realm="r", nonce="n", qop="auth-int, auth"')?.hasQop, true);
  assert.equal(asked('Digest realm="r", nonce="n", stale=TRUE')?.isStale, true);
  assert.equal(asked('Digest realm="r", nonce="n", qop="auth-int"'), undefined);
  assert.equal(asked('Digest realm="r", nonce="n", algorithm=SHA-1'), undefined);
  assert.equal(asked('Digest realm="r", nonce="n", algorithm=constructor'), undefined);
  assert.equal(asked('Digest realm="r"'), undefined);
  assert.equal(asked('Basic realm="r", nonce="n"'), undefined);
});

Deno.test("digest challenges and credentials survive being formatted and parsed", () => {
  const text = fc.string().filter((value) => !/[\r\n]/.test(value));
  const algorithm = fc.constantFrom<DigestAlgorithm>("MD5", "MD5-SESS", "SHA-256", "SHA-256-SESS");
  const opaque = fc.option(text, { nil: undefined });
  const count = fc.option(
    fc.record({ nc: fc.constant("0000000a"), cnonce: text }, { noNullPrototype: true }),
    { nil: undefined },
  );
  fc.assert(fc.property(
    fc.record({ realm: text, nonce: text, algorithm, hasQop: fc.boolean(), opaque, isStale: fc.boolean() }, {
      noNullPrototype: true,
    }),
    (challenge) => {
      const parsed = digestChallengeOf(parseAuthChallenges(formatDigestChallenge(challenge))[0]!);
      assert.deepEqual(parsed, challenge);
    },
  ));
  fc.assert(fc.property(
    fc.record({
      user: text,
      realm: text,
      nonce: text,
      uri: text,
      algorithm,
      response: fc.constant("ab12"),
      count,
      opaque,
    }, { noNullPrototype: true }),
    (credentials) => {
      assert.deepEqual(parseDigestCredentials(formatDigestCredentials(credentials)), credentials);
    },
  ));
});

Deno.test("parseDigestCredentials wants all that makes a response", () => {
  const whole = 'Digest username="u", realm="r", nonce="n", uri="/", response="AB"';
  assert.equal(parseDigestCredentials(whole)?.response, "ab");
  for (const name of ["username", "realm", "nonce", "uri", "response"]) {
    assert.equal(parseDigestCredentials(whole.replace(`${name}=`, `x-${name}=`)), undefined, name);
  }
  assert.equal(parseDigestCredentials(`${whole}, qop=auth`), undefined);
  assert.equal(parseDigestCredentials(`${whole}, qop=auth, nc=1, cnonce="c"`), undefined);
  assert.equal(parseDigestCredentials(`${whole}, qop=auth-int, nc=00000001, cnonce="c"`), undefined);
  assert.equal(parseDigestCredentials("Basic dTpw"), undefined);
});

Deno.test("ClientLogin answers the strongest challenge, counts, and gives in to a wrong password", () => {
  const login = new ClientLogin({ user: "u", password: "p" }, (length) => new Uint8Array(length));
  const request = { method: "DESCRIBE", uri: "rtsp://h/a" };
  assert.equal(login.authorization(request), undefined);
  const digests = 'Basic realm="r", Digest realm="r", nonce="n", qop="auth", ' +
    'Digest realm="r", nonce="m", qop="auth", algorithm=SHA-256';
  assert.equal(login.challenge(digests), true);
  const counts = [1, 2].map(() => parseDigestCredentials(login.authorization(request)!)!);
  assert.deepEqual(counts.map(({ algorithm, nonce, count }) => [algorithm, nonce, count?.nc]), [
    ["SHA-256", "m", "00000001"],
    ["SHA-256", "m", "00000002"],
  ]);
  const secret = digestSecret({ user: "u", realm: "r", password: "p" }, "SHA-256");
  assert.equal(counts[0]!.response, digestResponse(secret, { ...counts[0]!, method: "DESCRIBE" }));
  assert.equal(login.challenge('Digest realm="r", nonce="m2", stale=true'), true, "an old nonce");
  assert.equal(parseDigestCredentials(login.authorization(request)!)?.nonce, "m2");
  assert.equal(login.challenge('Digest realm="r", nonce="m2", stale=true'), false, "the same nonce again");
  login.authorization(request);
  assert.equal(login.challenge('Digest realm="r", nonce="m3"'), false, "a wrong password");
});

Deno.test("ClientLogin answers a new nonce of a server that knows it, and knows Basic", () => {
  const login = new ClientLogin({ user: "jürgen", password: "a:b" });
  const request = { method: "PLAY", uri: "*" };
  assert.equal(login.challenge("Negotiate"), false);
  assert.equal(login.challenge('Basic realm="r"'), true);
  assert.equal(login.authorization(request), "Basic asO8cmdlbjphOmI=");
  assert.equal(login.challenge('Basic realm="r"'), false, "Basic was wrong");
  assert.equal(login.challenge('Digest realm="r", nonce="n"'), true, "nothing was answered since");
  for (const nonce of ["n2", "n3"]) {
    login.authorization(request);
    login.accepted();
    login.authorization(request);
    assert.equal(login.challenge(`Digest realm="r", nonce="${nonce}"`), true, nonce);
  }
  login.authorization(request);
  assert.equal(login.challenge('Digest realm="r", nonce="n4"'), false, "a new nonce was wrong as well");
});
