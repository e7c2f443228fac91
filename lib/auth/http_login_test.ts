import assert from "node:assert/strict";
import {
  ClientLogin,
  DigestNonces,
  FailedLogins,
  hashPassword,
  HttpLogin,
  type LoginRealm,
  MAX_FAILED_LOGINS,
  MAX_USED_NONCES,
  NONCE_LIFE_MS,
  type User,
  UserTable,
} from "#auth";
import { ManualClock } from "#clock";

const ANNA: User = { name: "anna", password: "correct horse" };
const REQUEST = { method: "DESCRIBE", uri: "rtsp://h:8554/live/a", address: "192.0.2.7" };

function rig(users: readonly User[] = [ANNA], realm: LoginRealm = { name: "crtmp" }) {
  const clock = new ManualClock();
  const table = new UserTable(users);
  const failedLogins = new FailedLogins(clock);
  const login = new HttpLogin({ users: () => table, realm: () => realm, failedLogins, clock });
  /** A client that reads one of the challenges only, or all. */
  const client = (challenges: readonly string[], password = ANNA.password) => {
    const client = new ClientLogin({ user: "anna", password });
    client.challenge(challenges.join(", "));
    return (request = REQUEST) => client.authorization(request)!;
  };
  return { clock, login, client };
}

Deno.test("HttpLogin knows who answers any challenge it offers, the strongest first", async () => {
  const { login, client } = rig();
  const challenges = login.challenges(false);
  assert.deepEqual(challenges.map((text) => /^Digest.*algorithm=([\w-]+)|^Basic/.exec(text)?.[1]), [
    "SHA-256",
    "MD5",
    undefined,
  ]);
  for (const challenge of challenges) {
    const authorization = client([challenge])();
    assert.deepEqual(await login.verify(authorization, REQUEST), { isKnown: true, user: "anna" }, challenge);
    const wrong = await login.verify(client([challenge], "wrong")(), REQUEST);
    assert.deepEqual([wrong.isKnown, wrong.isKnown || wrong.isStale], [false, false]);
  }
});

Deno.test("HttpLogin takes no answer twice, none that is old, and none for another address or method", async () => {
  const { login, client, clock } = rig();
  const answer = client(login.challenges(false));
  const first = answer();
  assert.ok((await login.verify(first, REQUEST)).isKnown);
  assert.deepEqual(await login.verify(first, REQUEST), {
    isKnown: false,
    isStale: true,
    reason: "The nonce is too old, or was used before",
  });
  assert.ok((await login.verify(answer(), REQUEST)).isKnown, "the count has gone up");
  const track = { ...REQUEST, uri: `${REQUEST.uri}/trackID=0?k=1` };
  assert.ok((await login.verify(answer(), track)).isKnown, "made for the stream, used for its track");
  for (const other of [{ uri: "rtsp://h/live/b" }, { uri: "rtsp://h/live/ab" }, { method: "ANNOUNCE" }]) {
    const verdict = await login.verify(answer(), { ...REQUEST, ...other });
    assert.equal(verdict.isKnown, false, JSON.stringify(other));
  }
  clock.advance(NONCE_LIFE_MS + 1);
  const old = await login.verify(answer(), REQUEST);
  assert.ok(!old.isKnown && old.isStale);
  assert.match(login.challenges(true)[0]!, /stale=true/);
});

Deno.test("HttpLogin offers what its users can answer, and what the realm says", async () => {
  const hashed = { name: "bert", password: await hashPassword("x") };
  const schemes = (users: readonly User[], realm?: LoginRealm) =>
    rig(users, realm).login.challenges(false).map((text) => text.split(" ")[0]);
  assert.deepEqual(schemes([ANNA, hashed]), ["Basic"]);
  assert.deepEqual(schemes([]), ["Basic"]);
  assert.deepEqual(schemes([ANNA], { name: "r", scheme: "Basic" }), ["Basic"]);
  assert.deepEqual(schemes([ANNA], { name: "r", scheme: "Digest" }), ["Digest", "Digest"]);
  const others = rig([ANNA], { name: 'the "r"', scheme: "Digest", users: new Set(["bert"]) });
  const outsider = others.client(others.login.challenges(false))();
  assert.equal((await others.login.verify(outsider, REQUEST)).isKnown, false);
  const members = rig([ANNA], { name: 'the "r"', scheme: "Digest", users: new Set(["anna"]) });
  assert.ok((await members.login.verify(members.client(members.login.challenges(false))(), REQUEST)).isKnown);
  const basic = members.client(['Basic realm="r"'])();
  assert.equal((await members.login.verify(basic, REQUEST)).isKnown, false, "Digest was asked for");
});

Deno.test("HttpLogin checks nothing more from an address that tries passwords", async () => {
  const { login, client, clock } = rig();
  for (let tries = 0; tries < MAX_FAILED_LOGINS; tries++) {
    await login.verify(client(login.challenges(false), `guess ${tries}`)(), REQUEST);
  }
  const right = () => login.verify(client(login.challenges(false))(), REQUEST);
  const blocked = await right();
  assert.ok(!blocked.isKnown && blocked.reason.startsWith("Too many wrong passwords"));
  clock.advance(60_000);
  assert.ok((await right()).isKnown);
});

Deno.test("HttpLogin refuses what is no answer", async () => {
  const { login } = rig();
  const cases = [
    "",
    "Basic",
    "Basic ?",
    "Bearer x",
    'Digest username="anna"',
    `Basic ${btoa("anna")}`,
    "x".repeat(9_000),
  ];
  for (const text of cases) {
    assert.equal((await login.verify(text, REQUEST)).isKnown, false, text.slice(0, 40));
  }
});

Deno.test("DigestNonces forgets counts without letting what it forgot be used again", () => {
  const clock = new ManualClock();
  const nonces = new DigestNonces(clock);
  const first = nonces.issue();
  assert.ok(nonces.isFresh(first) && nonces.use(first, 1));
  for (let count = 0; count < MAX_USED_NONCES; count++) {
    clock.advance(0.001);
    nonces.use(nonces.issue(), 1);
  }
  assert.equal(nonces.isFresh(first), false);
  assert.ok(nonces.isFresh(nonces.issue()));
  const forged = first.slice(0, -1) + (first.endsWith("0") ? "1" : "0");
  assert.deepEqual([forged, "", "00"].map((nonce) => nonces.isFresh(nonce)), [false, false, false]);
});
