import assert from "node:assert/strict";
import { ConfigError } from "#errors";
import { parseUsersFile } from "./users_file.ts";

const LUA = `
-- as the original's comments have it
users = {
  broadcaster = "immensepassword",
  ["cam-1"] = "p\\"w",
}
realms = {
  { name = "My Realm", method = "digest", users = { "broadcaster", "cam-1" } },
  { name = "Other", method = "Basic", users = {} },
}
`;

Deno.test("parseUsersFile reads users and realms of the original's file", async () => {
  assert.deepEqual(await parseUsersFile(LUA, "users.lua"), {
    users: [
      { name: "broadcaster", password: "immensepassword" },
      { name: "cam-1", password: 'p"w' },
    ],
    realms: [
      { name: "My Realm", method: "Digest", users: ["broadcaster", "cam-1"] },
      { name: "Other", method: "Basic", users: [] },
    ],
  });
  assert.deepEqual(await parseUsersFile("users = {}", "USERS.LUA"), { users: [], realms: [] });
});

Deno.test("parseUsersFile reads TOML by any other name", async () => {
  const toml =
    '[[users]]\nname = "a"\npassword = "b"\n[[users]]\nname = "c"\npassword = "d"\nadobe = "e:f"\n';
  assert.deepEqual(await parseUsersFile(toml, "users.toml"), {
    users: [{ name: "a", password: "b" }, { name: "c", password: "d", adobe: "e:f" }],
    realms: [],
  });
});

Deno.test("parseUsersFile tells what is wrong, and never a password", async () => {
  const cases: [path: string, text: string, message: RegExp][] = [
    ["u.lua", "users = { 'secret' }", /^Cannot use u\.lua: users must be a table of key = value$/],
    ["u.lua", "users = { a = 5 }", /the password of user a must be a text$/],
    ["u.lua", "users = { a = secret'secret }", /^Cannot load u\.lua:1: unfinished string$/],
    ["u.lua", "users = { a = 'b' 'secret' }", /^Cannot load u\.lua:1: '}' expected$/],
    ["u.lua", "realms = { { name = 'r', method = 'NTLM' } }", /realms\[1\]\.method must be .* is "NTLM"$/],
    ["u.lua", "realms = { { method = 'Basic' } }", /realms\[1\]\.name must be a text$/],
    [
      "u.lua",
      "realms = { { name = 'r', method = 'Basic', users = { 'x' } } }",
      /names "x", who is none of users$/,
    ],
    ["u.lua", "while true do end", /^Cannot load u\.lua:1: it ran longer than 1000 ms$/],
    ["u.toml", '[[users]]\nname = "a"\npassword = secret', /^Cannot read users file: [^\n]*$/],
    ["u.toml", "realms = 5", /it has realms, and may have users only$/],
  ];
  for (const [path, text, message] of cases) {
    await assert.rejects(parseUsersFile(text, path), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, message);
      assert.ok(!error.message.includes("secret"), error.message);
      return true;
    });
  }
});
