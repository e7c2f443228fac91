/** Boxes by what they hold: ISO/IEC 14496-12, sections at the rows; others name their specification. */
export const BOX = {
  FileType: "ftyp", // 4.3
  SegmentType: "styp", // 8.16.2
  Media: "mdat", // 8.1.1
  Free: "free", // 8.1.2
  Skip: "skip", // 8.1.2
  Wide: "wide", // QuickTime: room for a 64-bit size
  Uuid: "uuid", // 4.2
  Movie: "moov", // 8.2.1
  CompressedMovie: "cmov", // QuickTime
  MovieHeader: "mvhd", // 8.2.2
  Track: "trak", // 8.3.1
  TrackHeader: "tkhd", // 8.3.2
  TrackReference: "tref", // 8.3.3
  ChapterReference: "chap", // QuickTime
  EditContainer: "edts", // 8.6.5
  EditList: "elst", // 8.6.6
  MediaContainer: "mdia", // 8.4.1
  MediaHeader: "mdhd", // 8.4.2
  Handler: "hdlr", // 8.4.3
  MediaInformation: "minf", // 8.4.4
  DataInformation: "dinf", // 8.7.1
  DataReference: "dref", // 8.7.2
  SampleTable: "stbl", // 8.5.1
  SampleDescription: "stsd", // 8.5.2
  TimeToSample: "stts", // 8.6.1.2
  CompositionOffset: "ctts", // 8.6.1.3
  SyncSample: "stss", // 8.6.2
  PartialSyncSample: "stps", // QuickTime
  SampleDependency: "sdtp", // 8.6.4
  SampleToGroup: "sbgp", // 8.9.2
  SampleSize: "stsz", // 8.7.3.2
  CompactSampleSize: "stz2", // 8.7.3.3
  SampleToChunk: "stsc", // 8.7.4
  ChunkOffset: "stco", // 8.7.5
  ChunkLargeOffset: "co64", // 8.7.5
  MovieExtends: "mvex", // 8.8.1
  MovieExtendsHeader: "mehd", // 8.8.2
  TrackExtends: "trex", // 8.8.3
  MovieFragment: "moof", // 8.8.4
  MovieFragmentHeader: "mfhd", // 8.8.5
  TrackFragment: "traf", // 8.8.6
  TrackFragmentHeader: "tfhd", // 8.8.7
  TrackRun: "trun", // 8.8.8
  TrackFragmentDecodeTime: "tfdt", // 8.8.12
  FragmentRandomAccess: "mfra", // 8.8.9
  TrackFragmentRandomAccess: "tfra", // 8.8.10
  FragmentRandomAccessOffset: "mfro", // 8.8.11
  SegmentIndex: "sidx", // 8.16.3
  UserTags: "udta", // 8.10.1
  Meta: "meta", // 8.11.1
  ItemList: "ilst", // QuickTime metadata
  ItemKeys: "keys", // QuickTime metadata
  ItemValue: "data", // QuickTime metadata
  ItemMeaning: "mean", // iTunes
  Cover: "covr", // iTunes
  ItemName: "name", // iTunes
  AvcConfig: "avcC", // 14496-15, 5.3.4
  HevcConfig: "hvcC", // 14496-15, 8.3.3
  VvcConfig: "vvcC", // 14496-15, 11.2.4
  Av1Config: "av1C", // AV1 in ISOBMFF, 2.3
  VpConfig: "vpcC", // VP codecs in ISOBMFF
  Esds: "esds", // 14496-14, 5.6
  Wave: "wave", // QuickTime
  Endianness: "enda", // QuickTime
  PcmConfig: "pcmC", // 23003-5
  OpusConfig: "dOps", // Opus in ISOBMFF, 4.3.2
  FlacConfig: "dfLa", // FLAC in ISOBMFF, 3.3.2
  Ac3Config: "dac3", // ETSI TS 102 366, F.4
  Eac3Config: "dec3", // ETSI TS 102 366, F.6
  ProtectionScheme: "sinf", // 8.12.1
  OriginalFormat: "frma", // 8.12.2
} as const;

/** Four characters that name a box. */
export type BoxType = typeof BOX[keyof typeof BOX];
