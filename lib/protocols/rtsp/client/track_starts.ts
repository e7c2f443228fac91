/** Where a track begins, as the answer to PLAY says: RFC 2326 section 12.33. */
export interface TrackStart {
  /** As sent: absolute, or relative to the request. */
  readonly url: string;
  /** RTP timestamp at the start of the range that is played. */
  readonly rtpTimestamp: number | undefined;
}

/** Most tracks that are read. */
const MAX_INFOS = 32;

/** Parses an RTP-Info header; what is malformed is left out. Addresses may hold commas and semicolons. */
export function parseTrackStarts(text: string): TrackStart[] {
  const parts = text.split(/(?:^|,)\s*url\s*=\s*/i).slice(1, 1 + MAX_INFOS);
  return parts.map((part) => {
    const at = part.search(/;\s*(?:seq|rtptime|ssrc)\s*=/i);
    const url = (at < 0 ? part : part.slice(0, at)).trim().replace(/^"|"$/g, "");
    const time = Number(/;\s*rtptime\s*=\s*(\d{1,10})\b/i.exec(part)?.[1] ?? NaN);
    return { url, rtpTimestamp: time < 2 ** 32 ? time : undefined };
  });
}

/**
 * What an RTP-Info header says of each track: by its control, or by its place where no address is known.
 *
 * @param controls Of the tracks that were set up, in the order of their setups.
 * @returns In the same order.
 */
export function trackStartsOf(
  infos: readonly TrackStart[],
  controls: readonly string[],
): (TrackStart | undefined)[] {
  const found = controls.map((control) =>
    infos.find(({ url }) =>
      control !== "" && (url === control || url.endsWith(`/${control.replace(/^\//, "")}`))
    )
  );
  const isByPlace = found.every((info) => info === undefined) && infos.length === controls.length;
  return isByPlace ? [...infos] : found;
}
