import { FormatError } from "#errors";

/** Attributes of one tag: RFC 8216 section 4.2. Quotes are taken off; of a name that comes twice, the first counts. */
export class AttributeList {
  readonly #values = new Map<string, string>();
  readonly #tag: string;

  /**
   * @param tag Its name, for errors.
   * @param text What follows the colon.
   */
  constructor(tag: string, text: string) {
    this.#tag = tag;
    for (const [, name = "", quoted, plain = ""] of text.matchAll(ATTRIBUTE)) {
      if (!this.#values.has(name)) this.#values.set(name, quoted ?? plain.trim());
    }
  }

  /** A value as it is written; `undefined` where there is none. */
  text(name: string): string | undefined {
    return this.#values.get(name);
  }

  /**
   * A value that must be there.
   *
   * @throws {FormatError} If it is not.
   */
  required(name: string): string {
    const value = this.#values.get(name);
    if (value === undefined || value === "") {
      throw new FormatError(`Cannot read ${this.#tag}: it has no ${name}`);
    }
    return value;
  }

  /** A number, 0 or above; `undefined` where there is none. */
  number(name: string): number | undefined {
    const value = this.#values.get(name);
    return value !== undefined && /^\d+(?:\.\d+)?$/.test(value) ? Number(value) : undefined;
  }
}

const ATTRIBUTE = /([A-Z0-9-]+)=(?:"([^"]*)"|([^,]*))(?:,|$)/g;
