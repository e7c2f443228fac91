import { formatSdp, type RtspPlayContext, type RtspPlayer, type RtspPresentation } from "#protocols/rtsp";
import { sdpTrackOf } from "./outbound_tracks.ts";
import { LivePlayer, type LivePlayerOptions } from "./play/live_player.ts";
import { MulticastPlayer, type MulticastSenders } from "./play/multicast_senders.ts";

/** What a presentation is made of. */
export interface StreamToRtspOptions extends LivePlayerOptions {
  /** What is sent by multicast. */
  readonly senders: MulticastSenders;
}

/** A live stream as RTSP describes and plays it. */
export class StreamToRtsp implements RtspPresentation {
  readonly sdp: string;
  readonly controls: readonly string[];
  readonly #options: StreamToRtspOptions;

  constructor(options: StreamToRtspOptions) {
    const tracks = options.tracks.map(sdpTrackOf);
    this.#options = options;
    this.sdp = formatSdp({ name: options.stream.path.streamName, tracks });
    this.controls = tracks.map(({ control }) => control);
  }

  play(context: RtspPlayContext): RtspPlayer {
    const transport = context.tracks[0]?.transport;
    if (transport?.kind !== "multicast") return new LivePlayer(this.#options, context);
    return new MulticastPlayer({ ...this.#options, group: transport.group }, context);
  }
}
