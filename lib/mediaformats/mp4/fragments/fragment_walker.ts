import { type ByteSource, SourceWindow } from "#bytes";
import { LimitError } from "#errors";
import type { MediaFault } from "#media";
import { BoxBody } from "../boxes/box_body.ts";
import { type BoxHead, LARGE_BOX_HEADER_BYTES, readBoxHead } from "../boxes/box_cursor.ts";
import { BOX } from "../boxes/box_type.ts";
import { MAX_MP4_MOOF_BYTES } from "../limits.ts";
import type { SampleDefaults } from "../movie/movie_box.ts";
import { type FragmentSamples, readMovieFragment } from "./movie_fragment.ts";

/** Read at each `moof`: a second of video and audio has about 2 KB of it. */
const BLOCK_BYTES = 16_384;

/** One `moof` of a file. */
export interface FoundFragment {
  /** Where it starts, in bytes. */
  readonly offset: number;
  readonly samples: readonly FragmentSamples[];
}

/** Goes from `moof` to `moof`, reading nothing but their heads. */
export class FragmentWalker {
  /** Where the next box starts, in bytes. */
  position: number;
  /** The box that the file ends in, if `next` came to one. */
  cut: MediaFault | undefined;
  readonly #source: ByteSource;
  readonly #window: SourceWindow;
  readonly #defaults: ReadonlyMap<number, SampleDefaults>;

  /** @param options Where to begin, and the `trex` of the tracks. */
  constructor(
    source: ByteSource,
    options: { readonly position: number; readonly defaults: ReadonlyMap<number, SampleDefaults> },
  ) {
    this.#source = source;
    this.#window = new SourceWindow(source, { blockBytes: BLOCK_BYTES });
    this.#defaults = options.defaults;
    this.position = options.position;
  }

  /**
   * Reads the next `moof`.
   *
   * @returns `undefined` where no other one is whole; a file that grows may give more in a later call.
   * @throws {FormatError} If the boxes are broken.
   * @throws {LimitError} If it is longer than `MAX_MP4_MOOF_BYTES`.
   */
  async next(): Promise<FoundFragment | undefined> {
    for (;;) {
      const offset = this.position;
      const head = await this.#readHead(offset);
      if (head === undefined) return undefined;
      this.cut = undefined;
      if (head.type !== BOX.MovieFragment) {
        this.position = offset + head.sizeBytes;
        if (Number.isFinite(this.position)) this.#noteCut(offset, head);
        continue;
      }
      if (head.sizeBytes > MAX_MP4_MOOF_BYTES) {
        throw new LimitError("MAX_MP4_MOOF_BYTES", {
          ...{ what: `fragment at offset ${offset}`, value: head.sizeBytes, limit: MAX_MP4_MOOF_BYTES },
        });
      }
      const bytes = await this.#window.read(offset, head.sizeBytes);
      if (bytes === undefined) {
        this.#noteCut(offset, head);
        return undefined;
      }
      const place = { type: head.type, start: head.headerBytes, end: bytes.length, fileOffset: offset };
      const samples = readMovieFragment(new BoxBody(bytes, place), {
        moofOffset: offset,
        defaults: this.#defaults,
      });
      this.position = offset + head.sizeBytes;
      return { offset, samples };
    }
  }

  #noteCut(offset: number, { type, sizeBytes }: BoxHead): void {
    const have = this.#source.sizeBytes - offset;
    if (sizeBytes <= have) return;
    this.cut = { offset, message: `Box "${type}" is cut off: need ${sizeBytes} bytes, have ${have}` };
  }

  async #readHead(offset: number): Promise<BoxHead | undefined> {
    if (!Number.isSafeInteger(offset)) return undefined;
    if (offset >= this.#source.sizeBytes && await this.#source.readAt(offset, new Uint8Array(1)) === 0) {
      return undefined;
    }
    const bytes = this.#window.peek(offset, LARGE_BOX_HEADER_BYTES) ??
      await this.#window.readUpTo(offset, LARGE_BOX_HEADER_BYTES);
    const head = readBoxHead(bytes, { at: 0, fileOffset: offset });
    if (head === undefined) {
      this.cut = { offset, message: `Box is cut off in its head: have ${bytes.length} bytes` };
    }
    return head;
  }
}
