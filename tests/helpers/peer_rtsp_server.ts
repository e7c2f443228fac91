/**
 * RTSP servers of others: GStreamer's library with files in real time and users by Digest, VLC's output; and a proxy
 * behind which no datagram arrives.
 *
 * @module
 */

import { makeClip } from "./media.ts";
import type { ClipName } from "./media.ts";
import { type RunningProcess, startProcess } from "./process.ts";
import { waitFor } from "./wait.ts";

/** A server that runs. */
export interface PeerRtspServer extends AsyncDisposable {
  readonly port: number;
}

/** Prints its port; each client gets the file from its start. Arguments: file, user, password. */
const GST_SERVER = `
import sys, gi
gi.require_version('Gst', '1.0'); gi.require_version('GstRtsp', '1.0'); gi.require_version('GstRtspServer', '1.0')
from gi.repository import Gst, GstRtsp, GstRtspServer, GLib
Gst.init(None)
file, user, password = sys.argv[1:4]
server = GstRtspServer.RTSPServer()
server.set_address('127.0.0.1')
server.set_service('0')
factory = GstRtspServer.RTSPMediaFactory()
factory.set_launch('( filesrc location=%s ! flvdemux name=demux '
  'demux.video ! queue ! h264parse ! rtph264pay name=pay0 pt=96 '
  'demux.audio ! queue ! aacparse ! rtpmp4gpay name=pay1 pt=97 )' % file)
server.get_mount_points().add_factory('/film', factory)
if user != '':
  auth = GstRtspServer.RTSPAuth()
  auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
  token = GstRtspServer.RTSPToken()
  token.set_string(GstRtspServer.RTSP_TOKEN_MEDIA_FACTORY_ROLE, 'user')
  auth.add_digest(user, password, token)
  server.set_auth(auth)
  factory.add_role_from_structure(Gst.Structure.new_from_string(
    'user, media.factory.access=(boolean)true, media.factory.construct=(boolean)true'))
server.attach(None)
print(server.get_bound_port(), flush=True)
GLib.MainLoop().run()
`;

/** Starts GStreamer's server with a clip at `/film`, for one user where there is one. */
export async function startGstRtspServer(
  clip: ClipName,
  login: { readonly user: string; readonly password: string } = { user: "", password: "" },
): Promise<PeerRtspServer> {
  const process = startProcess("/usr/bin/python3", {
    args: ["-c", GST_SERVER, await makeClip(clip), login.user, login.password],
    timeoutMs: 60_000,
  });
  const port = await waitFor(() => Number(/^\d+$/m.exec(process.stdoutText)?.[0] ?? 0) || undefined, {
    what: "GStreamer's RTSP server",
  });
  return { port, [Symbol.asyncDispose]: () => process[Symbol.asyncDispose]() };
}

/** Lets VLC serve a clip over and over as `rtsp://127.0.0.1:PORT/film`. */
export async function startVlcRtspServer(clip: ClipName, port: number): Promise<AsyncDisposable> {
  const folder = await Deno.makeTempDir({ prefix: "crtmp-vlc-" });
  await Deno.chmod(folder, 0o777);
  await Deno.copyFile(await makeClip(clip), `${folder}/clip.flv`);
  await Deno.chmod(`${folder}/clip.flv`, 0o644);
  const output = `#rtp{sdp=rtsp://127.0.0.1:${port}/film}`;
  const command = ["vlc", "-I", "dummy", "--quiet", "--loop", "--sout", output, `${folder}/clip.flv`];
  // it refuses to run as root
  const asNobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", ...command];
  const [program, ...args] = Deno.uid() === 0 ? asNobody : command;
  const process: RunningProcess = startProcess(program!, { args, env: { HOME: folder }, timeoutMs: 60_000 });
  return {
    async [Symbol.asyncDispose]() {
      await process[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** Passes connections on to an RTSP server, but has it send its datagrams to where nobody waits for them. */
export function startDatagramSwallower(to: number): PeerRtspServer {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections = new Set<Deno.Conn>();
  const served = (async () => {
    for await (const near of listener) {
      const far = await Deno.connect({ hostname: "127.0.0.1", port: to });
      connections.add(near).add(far);
      // ends with either side
      for (const [from, to] of [[far, near], [near, far]] as const) {
        from.readable.pipeThrough(new TransformStream({ transform: elsewhere })).pipeTo(to.writable)
          .catch(() => {});
      }
    }
  })();
  return {
    port: (listener.addr as Deno.NetAddr).port,
    async [Symbol.asyncDispose]() {
      listener.close();
      await served;
      for (const connection of connections) {
        try {
          connection.close();
        } catch {
          // it has ended before
        }
      }
    },
  };
}

function elsewhere(bytes: Uint8Array, controller: TransformStreamDefaultController<Uint8Array>): void {
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  const changed = text.replace(/(client|server)_port=\d+-\d+/g, "$1_port=9-10");
  controller.enqueue(Uint8Array.from(changed, (character) => character.charCodeAt(0)));
}
