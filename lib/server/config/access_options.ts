import { choice, flag, type OptionsOf, text, textList } from "#options";

/** Options of one entry of `users`. */
export const USER_OPTIONS = {
  name: text({ default: "", doc: "Name the user gives: letters, digits and any of _.@-" }),
  password: text({
    default: "",
    doc: "What `crtmp passwd` prints; or the password in plain, which is a warning at the start.",
  }),
  adobe: text({
    default: "",
    doc: "What `crtmp passwd` prints for encoders, which cannot be known from the other hash.",
  }),
};

/** The table `authentication` of an application. */
export const AUTHENTICATION_OPTIONS = {
  adobe: choice(["encoders", "never"], {
    default: "encoders",
    doc:
      "Whether encoders are asked for user and password when they connect, where a rule lets users publish.",
  }),
  encoderAgents: textList({
    default: ["FMLE/", "Wirecast/", "EvoStream Media Server"],
    doc: "How the programs that are asked begin their name; OBS and ffmpeg are FMLE/ too.",
  }),
};

/** Options of one entry of `streamKeys`. */
export const STREAM_KEY_OPTIONS = {
  key: text({ default: "", doc: "What the encoder gives as stream key; a secret, and never shown." }),
  name: text({ default: "", doc: "The public name that players ask for." }),
};

/** Options of one entry of `access`. */
export const ACCESS_RULE_OPTIONS = {
  action: choice(["any", "publish", "play"], { default: "any", doc: "What it is about." }),
  allow: flag({ default: true, doc: "Whether it allows or denies." }),
  users: textList({
    default: [],
    doc: 'Users it is for; "*" is any user who is known. Empty for everybody.',
  }),
  addresses: textList({
    default: [],
    doc: "Addresses and ranges it is for, as 192.0.2.0/24 or 2001:db8::/32. Empty for all.",
  }),
  names: textList({
    default: [],
    doc: 'Stream names it is for; "*" stands for any characters. Empty for all.',
  }),
};

/** One entry of `users`. */
export type UserConfig = OptionsOf<typeof USER_OPTIONS>;
