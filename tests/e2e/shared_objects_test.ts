/** Remote shared objects: two clients, in AMF0 and AMF3, and a server that is started anew. */
import assert from "node:assert/strict";
import {
  decodeSharedObject,
  encodeSharedObject,
  type SharedObjectEvent,
  type SharedObjectMessage,
} from "#protocols/rtmp";
import { RtmpClient } from "../helpers/rtmp_client.ts";
import { type ServerPorts, TestServer } from "../helpers/server.ts";
import { e2e } from "../helpers/tools.ts";
import { waitFor } from "../helpers/wait.ts";

const AMF0 = 19;
const AMF3 = 16;

class SharedObjectClient implements AsyncDisposable {
  readonly #client: RtmpClient;
  readonly #typeId: number;

  private constructor(client: RtmpClient, typeId: number) {
    this.#client = client;
    this.#typeId = typeId;
  }

  static async connect(port: number, typeId: number): Promise<SharedObjectClient> {
    const client = await RtmpClient.open(port);
    const properties = { objectEncoding: typeId === AMF3 ? 3 : 0 };
    const [name] = await client.connect("live", { properties });
    assert.equal(name, "_result");
    return new SharedObjectClient(client, typeId);
  }

  async say(name: string, events: readonly SharedObjectEvent[], isPersistent = true): Promise<void> {
    const payload = encodeSharedObject(this.#typeId, { name, version: 0, isPersistent, events });
    await this.#client.send({ typeId: this.#typeId, chunkStreamId: 3, payload });
  }

  /** The messages it got about `name`; all of them came in its own encoding. */
  messages(name: string): SharedObjectMessage[] {
    const found = this.#client.messages.filter(({ messageTypeId }) => [AMF0, AMF3].includes(messageTypeId));
    assert.ok(found.every(({ messageTypeId }) => messageTypeId === this.#typeId));
    return found.map(({ messageTypeId, payload }) => decodeSharedObject(messageTypeId, payload))
      .filter((message) => message.name === name);
  }

  async waitFor(name: string, count: number): Promise<SharedObjectMessage> {
    await waitFor(() => this.messages(name).length >= count, { what: `${count} messages about ${name}` });
    return this.messages(name)[count - 1]!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
  }
}

e2e("two clients share an object, and it survives the server", { tools: [] }, async () => {
  const dataFolder = await Deno.makeTempDir({ prefix: "crtmp-data-" });
  const config = ({ rtmp, http }: ServerPorts) => `
dataFolder = "${dataFolder}"

[web]
ip = "127.0.0.1"
port = ${http}

[[applications]]
name = "live"
library = "flvplayback"
acceptors = [{ ip = "127.0.0.1", port = ${rtmp} }]
`;
  {
    await using server = await TestServer.start({ config });
    await using a = await SharedObjectClient.connect(server.rtmpPort, AMF0);
    await using b = await SharedObjectClient.connect(server.rtmpPort, AMF3);
    await a.say("board", [{ type: "use" }]);
    await b.say("board", [{ type: "use" }]);
    await Promise.all([a.waitFor("board", 1), b.waitFor("board", 1)]);
    await a.say("board", [
      { type: "requestChange", name: "home", value: 2 },
      { type: "requestChange", name: "names", value: ["x", { y: true }] },
    ]);
    assert.deepEqual((await a.waitFor("board", 2)).events.map(({ type }) => type), ["success", "success"]);
    const seen = await b.waitFor("board", 2);
    assert.equal(seen.version, 1);
    assert.deepEqual(JSON.parse(JSON.stringify(seen.events)), [
      { type: "change", name: "home", value: 2 },
      { type: "change", name: "names", value: ["x", { y: true }] },
    ]);
    await b.say("board", [{ type: "sendMessage", values: ["goal", 3] }, {
      type: "requestRemove",
      name: "home",
    }]);
    assert.deepEqual((await a.waitFor("board", 3)).events, [
      { type: "sendMessage", values: ["goal", 3] },
      { type: "remove", name: "home" },
    ]);
    await a.say("gone", [{ type: "use" }, { type: "requestChange", name: "x", value: 1 }], false);
    await a.waitFor("gone", 2);
    // clients leave, and the server is stopped before it has had time to keep anything by itself
  }
  await using server = await TestServer.start({ config });
  await using late = await SharedObjectClient.connect(server.rtmpPort, AMF0);
  await late.say("board", [{ type: "use" }]);
  await late.say("gone", [{ type: "use" }], false);
  const board = await late.waitFor("board", 1);
  assert.equal(board.version, 2);
  assert.deepEqual(JSON.parse(JSON.stringify(board.events)), [
    { type: "useSuccess" },
    { type: "clear" },
    { type: "change", name: "names", value: ["x", { y: true }] },
  ]);
  assert.equal((await late.waitFor("gone", 1)).events.length, 2, "what is not persistent is gone");
  // garbage ends its own connection
  await using bad = await RtmpClient.open(server.rtmpPort);
  await bad.connect("live");
  await bad.send({
    typeId: AMF0,
    chunkStreamId: 3,
    payload: Uint8Array.of(0, 1, 0x61, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 99, 0, 0, 0, 0),
  });
  const told = () => server.logLines("there is no event 99").length > 0;
  await waitFor(told, { what: "the end of the bad client" });
  await late.say("board", [{ type: "requestChange", name: "z", value: null }]);
  await late.waitFor("board", 2);
  await Deno.remove(dataFolder, { recursive: true });
});
