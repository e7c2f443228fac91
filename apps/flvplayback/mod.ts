/**
 * flvplayback: live streams. Anybody who may connect may play; who may publish is for the configuration
 * (`publishFrom`) to say.
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
  about: "Live streams",
  create: ({ log }) => ({
    streamUp: (stream) => log.debug(`${stream.path.streamName} is live`),
    streamDown: (stream) => log.debug(`${stream.path.streamName} has ended`),
  }),
};
