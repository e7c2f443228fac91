import assert from "node:assert/strict";

/** High profile, 320x180, two pictures reordered; as x264 writes it. */
export const SPS = "Z2QADKzZQUGfnwEQAAADABAAAAMDIPFCmWA=";
/** What goes with it. */
export const PPS = "aOvjyyLA";
/** H.264 and AAC. */
export const SDP = "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n" +
  `a=fmtp:96 packetization-mode=1; sprop-parameter-sets=${SPS},${PPS}\r\na=control:streamid=0\r\n` +
  "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 MPEG4-GENERIC/44100/2\r\n" +
  "a=fmtp:97 sizelength=13;indexlength=3;indexdeltalength=3;config=1210\r\na=control:streamid=1\r\n";

/** Frames of bytes that were sent. */
export function framesOf(bytes: Uint8Array): { channel: number; bytes: Uint8Array }[] {
  const frames = [];
  for (let at = 0; at < bytes.length;) {
    assert.equal(bytes[at], 0x24);
    const end = at + 4 + (bytes[at + 2]! << 8 | bytes[at + 3]!);
    frames.push({ channel: bytes[at + 1]!, bytes: bytes.slice(at + 4, end) });
    at = end;
  }
  return frames;
}
