/**
 * Action Message Format 0 and 3, both ways (layer 2): the values of RTMP commands and FLV script data.
 *
 * ```ts
 * import { amfMembers, decodeAmf0Values, encodeAmf0Values } from "#amf";
 *
 * const bytes = encodeAmf0Values(["connect", 1, { app: "live", tcUrl: "rtmp://localhost/live" }]);
 * const [name, transactionId, command] = decodeAmf0Values(bytes);
 * console.log(name, transactionId, amfMembers(command)?.app); // connect 1 live
 * ```
 *
 * Decoding is bounded by `AmfLimits`: depth, number of values, length of each and of all texts.
 *
 * @module
 */
export { Amf0Reader, decodeAmf0Values, readAmf0Value } from "./amf0_reader.ts";
export { Amf0Writer, encodeAmf0Values, writeAmf0Value } from "./amf0_writer.ts";
export type { Amf0WriteOptions } from "./amf0_writer.ts";
export { Amf3Reader, decodeAmf3Values, readAmf3Value } from "./amf3_reader.ts";
export { Amf3Writer, encodeAmf3Values, writeAmf3Value } from "./amf3_writer.ts";
export {
  AmfBudget,
  MAX_AMF_DEPTH,
  MAX_AMF_STRING_BYTES,
  MAX_AMF_TEXT_BYTES,
  MAX_AMF_VALUES,
} from "./budget.ts";
export type { AmfLimits } from "./budget.ts";
export {
  AMF_UNSUPPORTED,
  AmfDictionary,
  AmfEcmaArray,
  AmfExternalizable,
  amfMembers,
  amfObject,
  AmfTypedObject,
  AmfVector,
  AmfXml,
  isAmfObject,
} from "./value.ts";
export type { AmfObject, AmfValue, AmfVectorKind } from "./value.ts";
