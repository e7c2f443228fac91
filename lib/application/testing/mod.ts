/**
 * For tests of applications (layer 5): what one gets from the server, without a server.
 *
 * ```ts
 * import type { ApplicationDefinition } from "#application";
 * import { applicationContext, testPeer } from "#application/testing";
 *
 * const guestbook: ApplicationDefinition = {
 *   name: "guestbook",
 *   about: "Only the studio publishes",
 *   create: () => ({ publish: ({ query }) => query === "key=studio" || "The key is wrong" }),
 * };
 * const application = guestbook.create(applicationContext(guestbook));
 * const request = { peer: testPeer(), streamName: "a" };
 * console.log(application.publish?.({ ...request, query: "key=studio" })); // true
 * console.log(application.publish?.({ ...request, query: "" })); // The key is wrong
 * ```
 *
 * @module
 */
export { applicationContext } from "./application_context.ts";
export { testPeer } from "./test_peer.ts";
