/**
 * nginx with its RTMP module, as a relay before and behind the server under test.
 *
 * @module
 */

import { startProcess } from "./process.ts";
import { freePort } from "./server.ts";
import { isListening, waitFor } from "./wait.ts";

/**
 * A running nginx: what is published to `out` it pushes to the server; what is played at `in` it pulls; `live` is of
 * its own.
 */
export interface NginxRelay extends AsyncDisposable {
  /** `rtmp://127.0.0.1:PORT/PATH`. */
  rtmpUrl(path: string): string;
  /** Ends it, and with it its players. */
  stop(): Promise<void>;
}

/**
 * Starts nginx.
 *
 * @param serverUrl Application of the server under test: `rtmp://HOST:PORT/APP`.
 */
export async function startNginxRelay(serverUrl: string): Promise<NginxRelay> {
  const port = freePort();
  const folder = await Deno.makeTempDir({ prefix: "crtmp-nginx-" });
  await Deno.writeTextFile(`${folder}/nginx.conf`, configuration(port, serverUrl));
  const process = startProcess("nginx", {
    args: ["-e", "stderr", "-p", folder, "-c", `${folder}/nginx.conf`],
    timeoutMs: 60_000,
  });
  let hasEnded = false;
  const ended = process.result.finally(() => hasEnded = true);
  await waitFor(async () => {
    if (hasEnded) throw new Error(`nginx ended: ${process.stderrText}`);
    return await isListening(port);
  }, { what: "nginx to listen" });
  return {
    rtmpUrl: (path) => `rtmp://127.0.0.1:${port}/${path}`,
    async stop() {
      process.kill();
      await ended;
    },
    async [Symbol.asyncDispose]() {
      await process[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

function configuration(port: number, serverUrl: string): string {
  return `
    load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
    daemon off;
    master_process off;
    pid nginx.pid;
    error_log stderr info;
    events {}
    rtmp {
      access_log off;
      server {
        listen 127.0.0.1:${port};
        application out { live on; push ${serverUrl}; }
        application in { live on; pull ${serverUrl}; }
        application live { live on; }
      }
    }
  `;
}
