import type { Packet } from "#media";
import { SOUND_FORMAT } from "./codes.ts";

/** SoundRate, SoundSize and SoundType of a legacy audio body: FLV 10.1 section E.4.2.1. */
const SOUND_RATE = { Hz5512: 0, Hz11025: 1, Hz22050: 2, Hz44100: 3 } as const;
const SIZE_16_BIT = 1;
const MONO = 0;
const STEREO = 1;

/**
 * Returns the first byte of a legacy audio body, or `undefined` for codecs that have none or whose byte
 * cannot be told from the packet.
 */
export function legacySoundByte(packet: Packet): number | undefined {
  const isControl = packet.role === "control";
  switch (packet.codec) {
    case "mp4a":
      // for AAC the three fields are fixed, and ignored by players
      return isControl ? undefined : soundByte(SOUND_FORMAT.Aac, { rate: SOUND_RATE.Hz44100, type: STEREO });
    case ".mp3":
      return isControl ? undefined : mp3SoundByte(packet.payload);
    case "g711a":
      return soundByte(SOUND_FORMAT.G711ALaw, { rate: SOUND_RATE.Hz5512, type: MONO });
    case "g711u":
      return soundByte(SOUND_FORMAT.G711MuLaw, { rate: SOUND_RATE.Hz5512, type: MONO });
    case "speex":
      // always 16 kHz mono, which the field cannot say
      return soundByte(SOUND_FORMAT.Speex, { rate: SOUND_RATE.Hz11025, type: MONO });
    default:
      return undefined;
  }
}

/** Takes rate and channels from the MPEG audio frame header: ISO/IEC 11172-3 section 2.4.2.3. */
function mp3SoundByte(payload: Uint8Array): number {
  const version = payload[1] === undefined ? 3 : payload[1] >> 3 & 3;
  const rateIndex = payload[2] === undefined ? 0 : payload[2] >> 2 & 3;
  const isMono = payload[3] !== undefined && payload[3] >> 6 === 3;
  // version: 3 is MPEG-1, 2 is MPEG-2 (half rates), 0 is MPEG-2.5 (quarter rates)
  const rate = version === 3 ? SOUND_RATE.Hz44100 : version === 2 ? SOUND_RATE.Hz22050 : SOUND_RATE.Hz11025;
  const is8k = version === 0 && rateIndex === 2;
  return soundByte(is8k ? SOUND_FORMAT.Mp38k : SOUND_FORMAT.Mp3, { rate, type: isMono ? MONO : STEREO });
}

function soundByte(format: number, sound: { rate: number; type: number }): number {
  return format << 4 | sound.rate << 2 | SIZE_16_BIT << 1 | sound.type;
}
