/**
 * Tags by name. Names differ in more than case: a later one takes the place of an earlier one, as in ffprobe.
 */
export class TagMap {
  readonly #entries = new Map<string, readonly [string, string]>();

  /** Sets a tag; its name is kept as it is written here. */
  set(name: string, value: string): void {
    this.#entries.set(name.toLowerCase(), [name, value]);
  }

  /** Sets all tags of `other`. */
  setAll(other: TagMap): void {
    for (const [name, value] of other.#entries.values()) this.set(name, value);
  }

  /** The tags as a plain object, in the order their names first came. */
  toRecord(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#entries.values());
  }
}
