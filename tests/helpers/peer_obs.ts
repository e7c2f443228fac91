/**
 * OBS Studio on a screen that nobody sees, told what to do over its own WebSocket (obs-websocket 5).
 *
 * It plays a clip as its only source, encodes with x264 and AAC, streams, and records the very packets that it
 * streams into a file.
 *
 * @module
 */

import { makeClip } from "./media.ts";
import type { ClipName } from "./media.ts";
import { startProcess } from "./process.ts";
import type { RunningProcess } from "./process.ts";
import { freePort } from "./server.ts";
import { isListening, waitFor, withDeadline } from "./wait.ts";

/** obs-websocket 5, "WebSocket OpCodes". */
const OP_CODE = { Hello: 0, Identify: 1, Identified: 2, Event: 5, Request: 6, RequestResponse: 7 } as const;
const RPC_VERSION = 1;

type Fields = Readonly<Record<string, unknown>>;

interface SocketMessage {
  readonly op: number;
  readonly d: Fields;
}

/** A running OBS. */
export class Obs implements AsyncDisposable {
  readonly #folder: string;
  readonly #screen: RunningProcess;
  readonly #process: RunningProcess;
  readonly #answers = new Map<string, (answer: Fields) => void>();
  #socket: WebSocket | undefined;
  #isIdentified = false;
  #requests = 0;

  private constructor(folder: string, parts: { screen: RunningProcess; process: RunningProcess }) {
    this.#folder = folder;
    this.#screen = parts.screen;
    this.#process = parts.process;
  }

  /** Starts OBS with a clip as its source, in a loop. */
  static async start(clip: ClipName): Promise<Obs> {
    const folder = await Deno.makeTempDir({ prefix: "crtmp-obs-" });
    const port = freePort();
    await writeConfiguration(folder, { port, film: await makeClip(clip) });
    const screen = startProcess("Xvfb", {
      args: ["-displayfd", "1", "-screen", "0", "800x600x24", "-nolisten", "tcp"],
      timeoutMs: 120_000,
    });
    await waitFor(() => screen.stdoutText.endsWith("\n"), { what: "a screen" });
    const env = {
      DISPLAY: `:${screen.stdoutText.trim()}`,
      HOME: folder,
      LIBGL_ALWAYS_SOFTWARE: "1",
      XDG_CONFIG_HOME: `${folder}/.config`,
      XDG_RUNTIME_DIR: folder,
    };
    const args = [
      "--multi",
      "--minimize-to-tray",
      "--disable-updater",
      "--profile",
      "test",
      "--collection",
      "test",
    ];
    const process = startProcess("obs", { args, env, timeoutMs: 120_000 });
    const obs = new Obs(folder, { screen, process });
    try {
      await obs.#connect(port);
    } catch (error) {
      await obs[Symbol.asyncDispose]();
      throw new Error(`OBS did not start: ${String(error)}\n${obs.log.slice(-3_000)}`);
    }
    return obs;
  }

  /** What OBS logged until now. */
  get log(): string {
    return this.#process.stdoutText + this.#process.stderrText;
  }

  /** Where and under which key it is to stream. */
  async setTarget(
    server: string,
    key: string,
    login?: { readonly username: string; readonly password: string },
  ): Promise<void> {
    const streamServiceSettings = { server, key, bwtest: false, use_auth: login !== undefined, ...login };
    await this.request("SetStreamServiceSettings", {
      streamServiceType: "rtmp_custom",
      streamServiceSettings,
    });
  }

  /** Whether it streams, or tries to. */
  async isStreaming(): Promise<boolean> {
    const { outputActive, outputReconnecting } = await this.request("GetStreamStatus");
    return outputActive === true || outputReconnecting === true;
  }

  /** Sends a request; returns its response. */
  async request(requestType: string, requestData: Fields = {}): Promise<Fields> {
    const requestId = String(++this.#requests);
    const answer = new Promise<Fields>((resolve) => this.#answers.set(requestId, resolve));
    this.#send(OP_CODE.Request, { requestType, requestId, requestData });
    const { requestStatus, responseData } = await withDeadline(answer, {
      what: `OBS to answer ${requestType}`,
    });
    const { result, comment } = requestStatus as Fields;
    if (result !== true) throw new Error(`OBS refuses ${requestType}: ${String(comment)}`);
    return (responseData ?? {}) as Fields;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket?.close();
    await this.#process[Symbol.asyncDispose]();
    await this.#screen[Symbol.asyncDispose]();
    await Deno.remove(this.#folder, { recursive: true });
  }

  async #connect(port: number): Promise<void> {
    let hasEnded = false;
    void this.#process.result.then(() => hasEnded = true);
    await waitFor(() => {
      if (hasEnded) throw new Error("its process ended");
      return isListening(port);
    }, { what: "obs-websocket to listen", timeoutMs: 20_000, pollMs: 100 });
    const socket = this.#socket = new WebSocket(`ws://127.0.0.1:${port}`);
    socket.addEventListener("message", (event) => this.#take(JSON.parse(event.data) as SocketMessage));
    await waitFor(() => this.#isIdentified, { what: "obs-websocket to greet" });
    // requests are refused until everything is loaded
    await waitFor(() => this.request("GetStreamStatus").then(() => true, () => false), {
      what: "OBS to be ready",
    });
  }

  #take({ op, d }: SocketMessage): void {
    if (op === OP_CODE.Hello) {
      this.#send(OP_CODE.Identify, { rpcVersion: RPC_VERSION, eventSubscriptions: 0 });
    } else if (op === OP_CODE.Identified) this.#isIdentified = true;
    else if (op === OP_CODE.RequestResponse) {
      const requestId = String(d.requestId);
      this.#answers.get(requestId)?.(d);
      this.#answers.delete(requestId);
    }
  }

  #send(op: number, d: Fields): void {
    this.#socket?.send(JSON.stringify({ op, d }));
  }
}

/** Profile, scene and settings, as OBS keeps them in its folder. */
async function writeConfiguration(home: string, options: { port: number; film: string }): Promise<void> {
  const folder = `${home}/.config/obs-studio`;
  const profile = `${folder}/basic/profiles/test`;
  await Deno.mkdir(profile, { recursive: true });
  await Deno.mkdir(`${folder}/basic/scenes`, { recursive: true });
  const socket = `${folder}/plugin_config/obs-websocket`;
  await Deno.mkdir(socket, { recursive: true });
  const { port, film } = options;
  await Deno.writeTextFile(`${folder}/global.ini`, globalSettings(port));
  await Deno.writeTextFile(`${profile}/basic.ini`, profileSettings(home));
  await Deno.writeTextFile(`${folder}/basic/scenes/test.json`, JSON.stringify(scene(film)));
  // where OBS 31 looks
  await Deno.writeTextFile(
    `${socket}/config.json`,
    JSON.stringify({ first_load: false, server_enabled: true, server_port: port, auth_required: false }),
  );
}

function globalSettings(port: number): string {
  return `
[General]
FirstRun=true
EnableAutoUpdates=false

[Basic]
Profile=test
ProfileDir=test
SceneCollection=test
SceneCollectionFile=test

[OBSWebSocket]
FirstLoad=false
ServerEnabled=true
ServerPort=${port}
AlertsEnabled=false
AuthRequired=false
`;
}

/** Reconnecting is on, as it is by default; the recording takes the packets of the stream. */
function profileSettings(recordings: string): string {
  return `
[General]
Name=test

[Output]
Mode=Simple
Reconnect=true
RetryDelay=1
MaxRetries=25

[SimpleOutput]
VBitrate=500
ABitrate=96
StreamEncoder=x264
Preset=ultrafast
UseAdvanced=true
x264Settings=keyint=30 bframes=2
FilePath=${recordings}
RecFormat=flv
RecFormat2=flv
RecQuality=Stream

[Video]
BaseCX=320
BaseCY=180
OutputCX=320
OutputCY=180
FPSCommon=30

[Audio]
SampleRate=48000
ChannelSetup=Stereo
`;
}

function scene(film: string): Fields {
  const source = {
    id: "ffmpeg_source",
    name: "Film",
    uuid: crypto.randomUUID(),
    enabled: true,
    volume: 1,
    mixers: 255,
    settings: { is_local_file: true, local_file: film, looping: true, hw_decode: false },
  };
  const item = {
    id: 1,
    name: "Film",
    source_uuid: source.uuid,
    visible: true,
    pos: { x: 0, y: 0 },
    scale: { x: 1, y: 1 },
  };
  const settings = { custom_size: false, id_counter: 1, items: [item] };
  return {
    name: "test",
    current_scene: "Scene",
    current_program_scene: "Scene",
    scene_order: [{ name: "Scene" }],
    sources: [source, { id: "scene", name: "Scene", uuid: crypto.randomUUID(), enabled: true, settings }],
  };
}
