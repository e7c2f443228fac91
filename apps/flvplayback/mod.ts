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
  create: ({ log, media }) => ({
    streamUp: (stream) => log.debug(`${stream.path.streamName} is live`),
    streamDown: (stream) => log.debug(`${stream.path.streamName} has ended`),
    async call({ name, notify }) {
      if (name !== "getAvailableFlvs") return undefined;
      const files = await media.list();
      // players made for the original wait for this call, others for the answer
      notify("SetAvailableFlvs", [files]);
      return [files];
    },
  }),
};
