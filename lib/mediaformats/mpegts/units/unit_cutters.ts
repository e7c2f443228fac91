import type { UnitForm } from "../stream_type.ts";
import type { TakeUnit, UnitCutter } from "./access_unit.ts";
import { FrameCutter } from "./frame_cutter.ts";
import { AC3_SYNTAX, ADTS_SYNTAX, LatmSyntax, MPEG_AUDIO_SYNTAX } from "./frame_syntaxes.ts";
import { OpusCutter, WholeCutter } from "./opus_cutter.ts";
import { AVC_SYNTAX, HEVC_SYNTAX, VideoCutter } from "./video_cutter.ts";

/** The cutter of a form; `undefined` where nothing is given out. */
export function newUnitCutter(form: UnitForm, take: TakeUnit): UnitCutter | undefined {
  switch (form) {
    case "avc":
      return new VideoCutter(AVC_SYNTAX, take);
    case "hevc":
      return new VideoCutter(HEVC_SYNTAX, take);
    case "adts":
      return new FrameCutter(ADTS_SYNTAX, take);
    case "latm":
      return new FrameCutter(new LatmSyntax(), take);
    case "mpegAudio":
      return new FrameCutter(MPEG_AUDIO_SYNTAX, take);
    case "ac3":
      return new FrameCutter(AC3_SYNTAX, take);
    case "opus":
      return new OpusCutter(take);
    case "whole":
      return new WholeCutter(take);
    case "sections":
      return undefined;
  }
}
