/**
 * The audio of live streams as it stands in files without a container (layer 5): AAC in ADTS frames, and MP3, for
 * players of web radio.
 *
 * ```ts
 * import { AdtsWire } from "#bridges/http_audio";
 *
 * console.log(new AdtsWire().key); // adts
 * ```
 *
 * @module
 */
export { AdtsWire, Mp3Wire, streamAudioCodec } from "./audio_wire.ts";
