/** First byte of an AMF0 value: AMF 0 Specification, section 2.1. */
export const AMF0_MARKER = {
  /** 2.2 */
  Number: 0x00,
  /** 2.3 */
  Boolean: 0x01,
  /** 2.4 */
  String: 0x02,
  /** 2.5 */
  Object: 0x03,
  /** 2.6, reserved */
  MovieClip: 0x04,
  /** 2.7 */
  Null: 0x05,
  /** 2.8 */
  Undefined: 0x06,
  /** 2.9 */
  Reference: 0x07,
  /** 2.10 */
  EcmaArray: 0x08,
  /** 2.11 */
  ObjectEnd: 0x09,
  /** 2.12 */
  StrictArray: 0x0a,
  /** 2.13 */
  Date: 0x0b,
  /** 2.14 */
  LongString: 0x0c,
  /** 2.15 */
  Unsupported: 0x0d,
  /** 2.16, reserved */
  RecordSet: 0x0e,
  /** 2.17 */
  XmlDocument: 0x0f,
  /** 2.18 */
  TypedObject: 0x10,
  /** 3.1 */
  AvmPlus: 0x11,
} as const;

/** First byte of an AMF3 value: AMF 3 Specification, section 3.1. */
export const AMF3_MARKER = {
  /** 3.2 */
  Undefined: 0x00,
  /** 3.3 */
  Null: 0x01,
  /** 3.4 */
  False: 0x02,
  /** 3.5 */
  True: 0x03,
  /** 3.6 */
  Integer: 0x04,
  /** 3.7 */
  Double: 0x05,
  /** 3.8 */
  String: 0x06,
  /** 3.9 */
  XmlDocument: 0x07,
  /** 3.10 */
  Date: 0x08,
  /** 3.11 */
  Array: 0x09,
  /** 3.12 */
  Object: 0x0a,
  /** 3.13 */
  Xml: 0x0b,
  /** 3.14 */
  ByteArray: 0x0c,
  /** 3.15 */
  VectorInt: 0x0d,
  /** 3.15 */
  VectorUint: 0x0e,
  /** 3.15 */
  VectorDouble: 0x0f,
  /** 3.15 */
  VectorObject: 0x10,
  /** 3.16 */
  Dictionary: 0x11,
} as const;

/** Externalizable classes whose body is exactly one AMF3 value, as Flex writes them. */
export const ONE_VALUE_EXTERNALIZABLES: ReadonlySet<string> = new Set([
  "flex.messaging.io.ArrayCollection",
  "flex.messaging.io.ArrayList",
  "flex.messaging.io.ObjectProxy",
]);

/** Class description: AMF 3 Specification, section 3.12. */
export interface Amf3Traits {
  readonly className: string;
  readonly isExternalizable: boolean;
  readonly isDynamic: boolean;
  readonly sealedNames: readonly string[];
}
