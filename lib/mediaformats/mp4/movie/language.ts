/** Codes below this are Macintosh language codes. */
const FIRST_PACKED_CODE = 0x400;
/** QuickTime: no language stated. */
const UNSPECIFIED = 0x7fff;
const LETTER_BASE = 0x60;

/** Macintosh language codes as ISO 639-2: QuickTime File Format, "Language code values". */
const MACINTOSH_LANGUAGES =
  "eng fra ger ita dut sve spa dan por nor heb jpn ara fin gre ice mlt tur hr  chi urd hin tha kor lit pol hun " +
  "est lav     fo      rus chi     iri alb ron ces slk slv yid sr  mac bul ukr bel uzb kaz aze aze arm geo mol " +
  "kir tgk tuk mon     pus kur kas snd tib nep san mar ben asm guj pa  ori mal kan tam tel     bur khm lao vie " +
  "ind tgl may may amh tir orm som swa     run     mlg epo";
const NAME_CHARS = 4;

/**
 * The language that a 16-bit code names: ISO/IEC 14496-12 section 8.4.2, three letters of five bits each; or a
 * Macintosh code.
 *
 * @returns ISO 639-2, `und` where the file says so; `undefined` where it says nothing.
 */
export function languageOf(code: number): string | undefined {
  if (code === UNSPECIFIED) return undefined;
  if (code < FIRST_PACKED_CODE) {
    const name = MACINTOSH_LANGUAGES.slice(code * NAME_CHARS, code * NAME_CHARS + 3).trim();
    return name === "" ? undefined : name;
  }
  return String.fromCharCode(...[10, 5, 0].map((shift) => LETTER_BASE + (code >> shift & 0x1f)));
}
