/**
 * Stand-in for `jsr:@std/streams` 1.0.14, linked where JSR cannot be reached: the two exports this project
 * reads child processes with.
 *
 * Source of the signatures: https://jsr.io/@std/streams/1.0.14/text_line_stream.ts and `to_text.ts`
 *
 * ```ts
 * import { TextLineStream } from "@std/streams";
 *
 * const lines = ReadableStream.from(["one\ntw", "o\r\n"]).pipeThrough(new TextLineStream());
 * console.log(await Array.fromAsync(lines)); // [ "one", "two" ]
 * ```
 *
 * @module
 */

/** Splits text at `\n` and `\r\n`, whatever the chunks; the end of the stream ends the last line. */
export class TextLineStream extends TransformStream<string, string> {
  constructor() {
    let pending = "";
    super({
      transform(chunk, controller): void {
        const lines = (pending + chunk).split("\n");
        pending = lines.pop() ?? "";
        for (const line of lines) controller.enqueue(line.endsWith("\r") ? line.slice(0, -1) : line);
      },
      flush(controller): void {
        if (pending !== "") controller.enqueue(pending);
      },
    });
  }
}

/** Collects a stream of strings or UTF-8 bytes into one string. */
export async function toText(
  stream: ReadableStream<string> | ReadableStream<Uint8Array>,
): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream as ReadableStream<string | Uint8Array>) {
    text += typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
