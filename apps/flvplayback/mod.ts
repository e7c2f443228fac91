/**
 * flvplayback: live streams and media files. Anybody who may connect may play; who may publish is for the
 * configuration (`publishFrom`) to say.
 *
 * This is also the smallest useful application. One of your own starts as a copy of this folder:
 *
 * - `connect`, `publish` and `play` decide: `true`, or a text that tells the peer why not;
 * - `streamUp` and `streamDown` observe;
 * - `call` answers remote calls.
 *
 * @module
 */
import type { ApplicationDefinition } from "#crtmp";

/** The main application. */
export const flvplayback: ApplicationDefinition = {
  name: "flvplayback",
  about: "Live streams and media files",
  create: ({ log, media }) => {
    const live = new Set<string>();
    return {
      streamUp({ path: { streamName } }) {
        live.add(streamName);
        log.debug(`${streamName} is live`);
      },
      streamDown({ path: { streamName } }) {
        live.delete(streamName);
        log.debug(`${streamName} has ended`);
      },
      async call({ name, notify }) {
        if (name !== "getAvailableFlvs") return undefined;
        // as in the original: the files, then the live streams
        const names = [...new Set([...await media.list(), ...live])];
        // players made for the original wait for this call, others for the answer
        notify("SetAvailableFlvs", [names]);
        return [names];
      },
    };
  },
};
