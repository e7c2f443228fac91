/** Keys of `onMetaData` that announce a track before its first packet: Adobe FLV 10.1, annex E.5. */
const VIDEO_KEY = new TextEncoder().encode("videocodecid");
const AUDIO_KEY = new TextEncoder().encode("audiocodecid");

/**
 * Which kinds of track metadata announces.
 *
 * @param metadata Script data of `onMetaData`; empty for none.
 */
export function announcedTracks(metadata: Uint8Array): { hasVideo: boolean; hasAudio: boolean } {
  return { hasVideo: includes(metadata, VIDEO_KEY), hasAudio: includes(metadata, AUDIO_KEY) };
}

function includes(bytes: Uint8Array, wanted: Uint8Array): boolean {
  const first = wanted[0]!;
  for (let at = bytes.indexOf(first); at >= 0; at = bytes.indexOf(first, at + 1)) {
    let matched = 1;
    while (matched < wanted.length && bytes[at + matched] === wanted[matched]) matched++;
    if (matched === wanted.length) return true;
  }
  return false;
}
