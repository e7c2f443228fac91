import { ChunkReader } from "./chunk_reader.ts";
import { encodedMessageBytes, encodeMessageInto, type MessageHeader } from "./chunk_writer.ts";

/** One second of a 2.6 Mbit/s stream as encoders send it: 30 video messages and 43 audio messages. */
function oneSecond(outboundChunkSize: number): { bytes: Uint8Array; messages: number } {
  const messages: { header: MessageHeader; payload: Uint8Array }[] = [];
  for (let frame = 0; frame < 30; frame++) {
    messages.push({
      header: header(6, 9, { timestamp: frame * 33, outboundChunkSize }),
      payload: new Uint8Array(frame === 0 ? 60_000 : 8_700),
    });
  }
  for (let frame = 0; frame < 43; frame++) {
    messages.push({
      header: header(4, 8, { timestamp: frame * 23, outboundChunkSize }),
      payload: new Uint8Array(372),
    });
  }
  messages.sort((a, b) => a.header.timestamp - b.header.timestamp);
  let length = 16; // Set Chunk Size with its header
  for (const { header, payload } of messages) length += encodedMessageBytes(header, payload.length);
  const bytes = new Uint8Array(length);
  const size = Uint8Array.of(
    0,
    outboundChunkSize >> 16,
    outboundChunkSize >> 8 & 0xff,
    outboundChunkSize & 0xff,
  );
  let at = encodeMessageInto(bytes, 0, header(2, 1, { timestamp: 0, outboundChunkSize: 128 }), size);
  for (const { header, payload } of messages) at = encodeMessageInto(bytes, at, header, payload);
  return { bytes, messages: messages.length };
}

function header(
  chunkStreamId: number,
  messageTypeId: number,
  rest: { timestamp: number; outboundChunkSize: number },
): MessageHeader {
  return { chunkStreamId, messageTypeId, messageStreamId: 1, ...rest };
}

for (const chunkSize of [128, 4096, 60_000]) {
  const { bytes, messages } = oneSecond(chunkSize);
  for (const readBytes of [1460, 65_536]) {
    Deno.bench({
      name:
        `ChunkReader ${messages} messages, ${bytes.length} bytes, chunk ${chunkSize}, reads of ${readBytes}`,
      group: "read",
      fn() {
        let count = 0;
        const reader = new ChunkReader({ onMessage: () => void count++ });
        for (let at = 0; at < bytes.length; at += readBytes) reader.push(bytes.subarray(at, at + readBytes));
        if (count !== messages) throw new Error(`${count} of ${messages} messages`);
      },
    });
  }
}

const target = new Uint8Array(new SharedArrayBuffer(262_144));
for (const payloadBytes of [372, 8_700, 60_001]) {
  const payload = new Uint8Array(payloadBytes);
  const reused = header(6, 9, { timestamp: 0x1234567, outboundChunkSize: 60_000 });
  Deno.bench({
    name: `encodeMessageInto shared memory, ${payloadBytes} bytes, chunk 60000`,
    group: "write",
    fn() {
      encodeMessageInto(target, 0, reused, payload);
    },
  });
}
