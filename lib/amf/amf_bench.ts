import {
  AmfEcmaArray,
  type AmfValue,
  decodeAmf0Values,
  decodeAmf3Values,
  encodeAmf0Values,
  encodeAmf3Values,
} from "./mod.ts";

const CONNECT: AmfValue[] = ["connect", 1, {
  app: "live",
  type: "nonprivate",
  flashVer: "FMLE/3.0 (compatible; FMSc/1.0)",
  swfUrl: "rtmp://127.0.0.1/live",
  tcUrl: "rtmp://127.0.0.1/live",
  fourCcList: ["av01", "hvc1", "vp09"],
  objectEncoding: 0,
}];
const ON_META_DATA: AmfValue[] = [
  "@setDataFrame",
  "onMetaData",
  new AmfEcmaArray({
    duration: 0,
    width: 1280,
    height: 720,
    videodatarate: 2500,
    framerate: 30,
    videocodecid: 7,
    audiodatarate: 160,
    audiosamplerate: 48_000,
    audiosamplesize: 16,
    stereo: true,
    audiocodecid: 10,
    encoder: "Lavf59.27.100",
    filesize: 0,
  }),
];

for (const [name, values] of [["connect", CONNECT], ["onMetaData", ON_META_DATA]] as const) {
  const amf0 = encodeAmf0Values(values);
  const amf3 = encodeAmf3Values(values);
  Deno.bench(`AMF0 decode ${name}, ${amf0.length} bytes`, () => void decodeAmf0Values(amf0));
  Deno.bench(`AMF0 encode ${name}, ${amf0.length} bytes`, () => void encodeAmf0Values(values));
  Deno.bench(`AMF3 decode ${name}, ${amf3.length} bytes`, () => void decodeAmf3Values(amf3));
  Deno.bench(`AMF3 encode ${name}, ${amf3.length} bytes`, () => void encodeAmf3Values(values));
}
