import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { ManualClock } from "#clock";
import { AdobeAuthenticator, answerAuthChallenge, type ChallengedClient, UserTable } from "./mod.ts";

const CLIENT: ChallengedClient = {
  user: "anna",
  password: "se:cret",
  app: "live",
  randomBytes: (length) => new Uint8Array(length).fill(0xab),
};
const HERE = "192.0.2.1";

Deno.test("answerAuthChallenge gets past AdobeAuthenticator in three connects, with the right password only", () => {
  const users = new UserTable([{ name: "anna", password: "se:cret" }]);
  for (const [password, isRight] of [["se:cret", true], ["secret", false]] as const) {
    const server = new AdobeAuthenticator(() => users, { clock: new ManualClock() });
    const queries: string[] = [];
    let query: string | undefined = "";
    while (query !== undefined) {
      const answer = server.answer(query, HERE);
      if (answer.isAccepted) {
        assert.equal(answer.user, "anna");
        break;
      }
      query = answerAuthChallenge(answer.description, { ...CLIENT, password });
      if (query !== undefined) queries.push(query);
    }
    assert.equal(query !== undefined, isRight);
    assert.equal(queries[0], "authmod=adobe&user=anna");
    assert.match(queries[1]!, /^authmod=adobe&user=anna&challenge=abababab&response=[\w+/]{22}==&opaque=/);
    assert.equal(queries.length, 2);
    assert.ok(!queries.join().includes(password));
  }
});

Deno.test("answerAuthChallenge uses the challenge where there is no opaque value", () => {
  const text = "[ AccessManager.Reject ] : [ authmod=adobe ] : ?reason=needauth&user=anna&salt=S&challenge=C";
  const hash = createHash("md5").update("annaSse:cret").digest("base64");
  const response = createHash("md5").update(`${hash}Cabababab`).digest("base64");
  assert.equal(
    answerAuthChallenge(text, CLIENT),
    `authmod=adobe&user=anna&challenge=abababab&response=${response}`,
  );
});

Deno.test("answerAuthChallenge answers Limelight's digest, for an application with and without an instance", () => {
  const first = "[ AccessManager.Reject ] : [ code=403 need auth; authmod=llnw ] : ";
  assert.equal(answerAuthChallenge(first, CLIENT), "authmod=llnw&user=anna");
  const text = "[ AccessManager.Reject ] : [ authmod=llnw ] : ?reason=needauth&user=anna&nonce=N0";
  const md5 = (value: string) => createHash("md5").update(value).digest("hex");
  for (
    const [app, uri] of [
      ["live", "/live/_definst_"],
      ["live/x", "/live/x"],
      ["live?token=a/b", "/live/_definst_"],
    ] as const
  ) {
    const response = md5(`${md5("anna:live:se:cret")}:N0:00000001:abababab:auth:${md5(`publish:${uri}`)}`);
    assert.equal(
      answerAuthChallenge(text, { ...CLIENT, app }),
      `authmod=llnw&user=anna&nonce=N0&cnonce=abababab&nc=00000001&response=${response}`,
    );
  }
});

Deno.test("answerAuthChallenge answers nothing that is no challenge", () => {
  for (
    const text of [
      "",
      "There is no application live",
      "[ AccessManager.Reject ] : [ authmod=adobe ] : ?reason=authfailed&opaque=vgoAAA==",
      "[ AccessManager.Reject ] : [ authmod=adobe ] : ?reason=nosuchuser",
      "[ AccessManager.Reject ] : [ authmod=other ] : ?reason=needauth",
      "authmod=adobe",
    ]
  ) {
    assert.equal(answerAuthChallenge(text, CLIENT), undefined, text);
  }
});
