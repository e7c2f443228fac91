/** How PCM samples are stored. */
export interface PcmFormat {
  readonly bits: number;
  readonly isBigEndian: boolean;
  readonly isFloat: boolean;
  readonly isSigned: boolean;
}

/** Formats of QuickTime and of ISO/IEC 23003-5 whose samples are PCM; bits of 0 are those of the sample entry. */
const PCM_FORMATS: Readonly<Record<string, PcmFormat>> = {
  sowt: { bits: 0, isBigEndian: false, isFloat: false, isSigned: true },
  twos: { bits: 0, isBigEndian: true, isFloat: false, isSigned: true },
  "raw ": { bits: 0, isBigEndian: true, isFloat: false, isSigned: false },
  NONE: { bits: 0, isBigEndian: true, isFloat: false, isSigned: false },
  in24: { bits: 24, isBigEndian: true, isFloat: false, isSigned: true },
  in32: { bits: 32, isBigEndian: true, isFloat: false, isSigned: true },
  fl32: { bits: 32, isBigEndian: true, isFloat: true, isSigned: true },
  fl64: { bits: 64, isBigEndian: true, isFloat: true, isSigned: true },
  lpcm: { bits: 0, isBigEndian: false, isFloat: false, isSigned: true },
  ipcm: { bits: 0, isBigEndian: true, isFloat: false, isSigned: true },
  fpcm: { bits: 0, isBigEndian: true, isFloat: true, isSigned: true },
};
/** formatSpecificFlags of a version 2 sound description: QuickTime File Format. */
const LPCM_FLAG = { Float: 1, BigEndian: 2, SignedInteger: 4 } as const;

/** What may change a format beside its four characters. */
export interface PcmDetails {
  /** Bits of the sample entry. */
  readonly bits: number;
  /** Flags of a version 2 sound description. */
  readonly lpcmFlags?: number;
  /** What `enda` or `pcmC` says. */
  readonly isLittleEndian?: boolean;
}

/** The PCM that a sample entry's format means, or `undefined` if it is no PCM. */
export function pcmFormatOf(format: string, details: PcmDetails): PcmFormat | undefined {
  const plain = PCM_FORMATS[format];
  if (plain === undefined) return undefined;
  const bits = plain.bits === 0 ? details.bits : plain.bits;
  const { lpcmFlags } = details;
  if (format === "lpcm" && lpcmFlags !== undefined) {
    return {
      bits,
      isBigEndian: (lpcmFlags & LPCM_FLAG.BigEndian) !== 0,
      isFloat: (lpcmFlags & LPCM_FLAG.Float) !== 0,
      isSigned: (lpcmFlags & LPCM_FLAG.SignedInteger) !== 0,
    };
  }
  return {
    ...plain,
    bits,
    isSigned: plain.isSigned || bits > 8,
    isBigEndian: details.isLittleEndian === undefined ? plain.isBigEndian : !details.isLittleEndian,
  };
}

/** The name ffprobe has for it: `pcm_s16le`. */
export function pcmCodecName({ bits, isBigEndian, isFloat, isSigned }: PcmFormat): string {
  const kind = isFloat ? "f" : isSigned ? "s" : "u";
  return `pcm_${kind}${bits}${bits <= 8 ? "" : isBigEndian ? "be" : "le"}`;
}
