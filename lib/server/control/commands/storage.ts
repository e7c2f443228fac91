import { type Command, defineCommand } from "../command.ts";
import { counted } from "./parameters.ts";

const listStorage = defineCommand({
  name: "listStorage",
  group: "The server",
  about: "Folders of media files, and those that recordings go to",
  run: (_args, { server }) => {
    const data = server.config.applications.flatMap(({ name: application, mediaStorage }) => {
      const { enabled, storages, recordedStreamsStorage, ...first } = mediaStorage;
      const folders = enabled ? [{ name: "media", ...first }, ...storages] : [];
      return [
        ...folders.map((folder) => ({ application, purpose: "play", ...folder })),
        { application, purpose: "record", name: "recordings", mediaFolder: recordedStreamsStorage },
      ];
    });
    return { description: counted(data.length, "folder"), data };
  },
});

/** Commands about media files. */
export const STORAGE_COMMANDS: readonly Command[] = [listStorage];
