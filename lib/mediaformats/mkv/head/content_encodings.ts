import { LimitError } from "#errors";
import { childrenOf, type EbmlElement, uintOf } from "../ebml.ts";
import { ELEMENT_ID } from "../element_id.ts";
import { MAX_MKV_ENCODINGS } from "../limits.ts";

/** How frames are changed before they are stored: RFC 9559 section 5.1.4.1.31. */
export interface ContentEncoding {
  /** `unknown` for encryption and for compressions that nobody uses any more. */
  readonly kind: "zlib" | "headerStripping" | "unknown";
  /** The encoding that was applied last has the highest order, and is undone first. */
  readonly order: number;
  readonly isOfFrames: boolean;
  readonly isOfCodecPrivate: boolean;
  /** Header stripping: what each frame begins with and is not stored. */
  readonly header: Uint8Array;
}

const SCOPE_FRAMES = 1;
const SCOPE_PRIVATE = 2;
const ALGORITHM_ZLIB = 0;
const ALGORITHM_HEADER_STRIPPING = 3;

/**
 * Reads a ContentEncodings element.
 *
 * @returns The encodings in the order in which they are undone.
 * @throws {FormatError} If it is malformed.
 * @throws {LimitError} If there are more than `MAX_MKV_ENCODINGS`.
 */
export function readContentEncodings(element: EbmlElement): ContentEncoding[] {
  const encodings: ContentEncoding[] = [];
  for (const child of childrenOf(element)) {
    if (child.id !== ELEMENT_ID.ContentEncoding) continue;
    if (encodings.length >= MAX_MKV_ENCODINGS) {
      throw new LimitError("MAX_MKV_ENCODINGS", { value: encodings.length + 1, limit: MAX_MKV_ENCODINGS });
    }
    const encoding = readContentEncoding(child);
    if (encoding !== undefined) encodings.push(encoding);
  }
  return encodings.sort((a, b) => b.order - a.order);
}

/** `undefined` where nothing is encoded: mkvmerge leaves such elements behind when it looked for what to strip. */
function readContentEncoding(element: EbmlElement): ContentEncoding | undefined {
  let isTold = false;
  let order = 0;
  let scope = SCOPE_FRAMES;
  let type = 0;
  let algorithm = ALGORITHM_ZLIB;
  let header = new Uint8Array(0);
  for (const child of childrenOf(element)) {
    switch (child.id) {
      case ELEMENT_ID.ContentEncodingOrder:
        order = uintOf(child);
        break;
      case ELEMENT_ID.ContentEncodingScope:
        scope = uintOf(child);
        break;
      case ELEMENT_ID.ContentEncodingType:
        type = uintOf(child);
        isTold ||= type !== 0;
        break;
      case ELEMENT_ID.ContentCompression:
        isTold = true;
        for (const field of childrenOf(child)) {
          if (field.id === ELEMENT_ID.ContentCompAlgo) algorithm = uintOf(field);
          else if (field.id === ELEMENT_ID.ContentCompSettings) header = field.content.slice();
        }
    }
  }
  if (!isTold) return undefined;
  const isOfFrames = scope % 2 === SCOPE_FRAMES;
  const isOfCodecPrivate = (scope & SCOPE_PRIVATE) !== 0;
  return { kind: kindOf(type, algorithm), order, isOfFrames, isOfCodecPrivate, header };
}

function kindOf(type: number, algorithm: number): ContentEncoding["kind"] {
  if (type !== 0) return "unknown";
  if (algorithm === ALGORITHM_ZLIB) return "zlib";
  return algorithm === ALGORITHM_HEADER_STRIPPING ? "headerStripping" : "unknown";
}
