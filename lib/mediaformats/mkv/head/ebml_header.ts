import { FormatError } from "#errors";
import { childrenOf, type EbmlElement, textOf, uintOf } from "../ebml.ts";
import { ELEMENT_ID } from "../element_id.ts";

const DOC_TYPES = new Set(["matroska", "webm"]);

/**
 * Checks that a reader of version 1 can read the document: RFC 8794 section 11.2.
 *
 * @returns The DocType: `matroska` or `webm`.
 * @throws {FormatError} If it cannot, or it is no Matroska.
 */
export function checkEbmlHeader(header: EbmlElement): string {
  let docType = "";
  for (const child of childrenOf(header)) {
    switch (child.id) {
      case ELEMENT_ID.DocType:
        docType = textOf(child);
        break;
      case ELEMENT_ID.EbmlReadVersion:
        checkAtMost(child, { what: "EBMLReadVersion", limit: 1 });
        break;
      case ELEMENT_ID.EbmlMaxIdLength:
        checkAtMost(child, { what: "EBMLMaxIDLength", limit: 4 });
        break;
      case ELEMENT_ID.EbmlMaxSizeLength:
        checkAtMost(child, { what: "EBMLMaxSizeLength", limit: 8 });
    }
  }
  if (DOC_TYPES.has(docType)) return docType;
  const { offset } = header;
  throw new FormatError(`Cannot read Matroska: DocType is "${docType.slice(0, 32)}" at offset ${offset}`, {
    offset,
  });
}

function checkAtMost(element: EbmlElement, { what, limit }: { what: string; limit: number }): void {
  const value = uintOf(element);
  if (value <= limit) return;
  const { offset } = element;
  throw new FormatError(
    `Cannot read Matroska: ${what} is ${value} at offset ${offset}, at most ${limit} is known`,
    {
      offset,
    },
  );
}
