/**
 * The Variant protocols (layer 3): messages that are trees of values, as XML, binary or JSON, over TCP and over
 * HTTP, both ways.
 *
 * ```ts
 * import { systemClock } from "#clock";
 * import { Reactor } from "#netio";
 * import { VariantProtocol } from "#protocols/variant";
 * import { plainOf, variantOf } from "#variant";
 *
 * const reactor = new Reactor();
 * const options = { format: "xml", clock: systemClock } as const;
 * const [left, right] = reactor.memoryPair();
 * new VariantProtocol({ ...options, answer: (variant) => variant }).openOn(left);
 * const client = new VariantProtocol(options);
 * client.openOn(right);
 * console.log(plainOf(await client.request(variantOf({ hello: ["world", 1] })))); // { hello: ["world", 1] }
 * client.close();
 * reactor.close();
 * ```
 *
 * @module
 */
export { HttpVariantClientProtocol } from "./http_variant_client.ts";
export type { HttpVariantTarget } from "./http_variant_client.ts";
export { HttpVariantProtocol } from "./http_variant_protocol.ts";
export type { HttpVariantOptions } from "./http_variant_protocol.ts";
export {
  MAX_VARIANT_MESSAGE_BYTES,
  MAX_VARIANT_QUEUED_BYTES,
  MAX_VARIANT_WAITING_BYTES,
  VARIANT_ANSWER_TIMEOUT_MS,
  VARIANT_IDLE_TIMEOUT_MS,
  VARIANT_PROGRESS_TIMEOUT_MS,
} from "./limits.ts";
export { VARIANT_FORMATS } from "./variant_format.ts";
export type { AnswerVariant, VariantForm, VariantFormat } from "./variant_format.ts";
export { VariantProtocol } from "./variant_protocol.ts";
export type { VariantProtocolOptions } from "./variant_protocol.ts";
