#!/bin/sh
# @NAME@ @VERSION@ in one file: this text, then a gzip archive of the Deno runtime and the program.
#
# The first start unpacks the archive into a private folder of the user. Every start then becomes the program
# by exec, so that process id, signals, standard input and exit status are the program's own.
set -fu

fail() {
  printf '%s: %s\n' '@NAME@' "$*" >&2
  exit 1
}

# Prints the folder of the unpacked program; unpacks it first where that has not been done. Runs in a subshell,
# which keeps umask, traps and variables away from the program.
find_folder() {
  user=$(id -u)
  for place in "${XDG_CACHE_HOME:-}/@NAME@" "${HOME:-}/.cache/@NAME@" "${TMPDIR:-/tmp}/@NAME@-$user"; do
    case $place in
    /@NAME@ | /.cache/@NAME@ | [!/]*) continue ;; # The variable is not set, or is no absolute path.
    esac
    [ -e "$place" ] || [ -L "$place" ] || (umask 077 && mkdir -p "$place") 2>/dev/null || continue
    refuse_shared
    folder=$place/@KEY@
    if ! is_complete; then
      [ -w "$place" ] || continue
      unpack
    fi
    [ -x "$folder/@NAME@" ] ||
      fail "cannot run from $place: it is mounted noexec; set XDG_CACHE_HOME to a folder for programs"
    { true >"$folder/started"; } 2>/dev/null # When it was started last: remove_old reads it.
    printf '%s\n' "$folder"
    return
  done
  fail "no folder to unpack into: set XDG_CACHE_HOME to a folder that can be written"
}

# Ends unless $place is a real folder that this user owns and nobody else can enter, so that nobody else can
# have put anything there. In a parent open to all, such as /tmp, only the sticky bit keeps it in its place.
refuse_shared() {
  # shellcheck disable=SC2046 # The words are wanted: mode, links, owner, ...
  set -- $(LC_ALL=C ls -ldn "$place" 2>&1)
  case $1:$3 in
  d???------*:"$user") ;;
  *)
    fail "refuses $place: it must be a folder of user $user that only it can enter (drwx------), not $1 of user $3;" \
      "set XDG_CACHE_HOME to use another"
    ;;
  esac
  case $(LC_ALL=C ls -ldn "${place%/*}/.") in
  d???????w[!tT]*) fail "refuses $place: anyone can replace it, for ${place%/*} is open to all; chmod +t helps" ;;
  esac
}

# Is everything there, and not empty? A cleaner of temporary files, or a power cut, takes single files away.
is_complete() (
  [ -s "$folder/files" ] || exit
  IFS='
'
  # shellcheck disable=SC2013 # The loop has to be this shell's own: it says exit.
  for file in $(cat "$folder/files"); do
    [ -s "$folder/$file" ] || exit
  done
)

# Unpacks beside $folder and renames, so that what bears the final name is complete, however many start at once.
unpack() {
  [ "$(uname -m)" = '@MACHINE@' ] || fail "this file is for @MACHINE@, this machine is $(uname -m)"
  [ -e '@LOADER@' ] || fail "the GNU C library is needed: @LOADER@ is missing"
  self=$0
  [ -f "$self" ] || self=$(command -v -- "$0") || fail "cannot find its own file, $0"
  bytes=@FILE_BYTES@
  [ "$(wc -c <"$self")" -eq "$bytes" ] || fail "$self is damaged: it should have $bytes bytes"
  count=0
  until new=$place/new.$$.$count && reason=$(umask 077 && mkdir "$new" 2>&1 && mkdir "$new/@KEY@" 2>&1); do
    count=$((count + 1))
    [ $count -lt 20 ] || fail "cannot unpack: $reason"
  done
  trap 'rm -rf "$new"; exit 1' HUP INT TERM
  reason=$({ umask 077 && tail -c +@ARCHIVE_START@ "$self" | tar -xzmof - -C "$new/@KEY@"; } 2>&1) || {
    rm -rf "$new"
    # shellcheck disable=SC2046 # The words are wanted: file system, size, used, free.
    set -- $(df -Pk "$place" | tail -n 1)
    reason=$(printf '%s\n' "$reason" | head -n 1)
    fail "cannot unpack @UNPACKED_MB@ MB into $place ($((${4:-0} / 1024)) MB free there): $reason"
  }
  mv -f "$new/@KEY@" "$place/" 2>/dev/null || reason=$(repair 2>&1) || {
    rm -rf "$new"
    fail "cannot repair $folder: $reason"
  }
  rm -rf "$new"
  read_ahead
  remove_old
}

# Lets the runtime read the program without running it, and keep what it finds: reading takes 40 MB, which a first
# start would hold on to.
read_ahead() {
  DENO_DIR=$folder/cache "$folder/@NAME@" cache --quiet --no-check --no-remote \
    --config "$folder/program/deno.json" "$folder/program/@MAIN@" </dev/null >/dev/null 2>&1 ||
    printf '%s: cannot keep what it reads in %s, and reads it at each start\n' '@NAME@' "$folder/cache" >&2
}

# The folder is there already: another start was faster, or files are missing. Those are renamed into place one by
# one, the list of files last, and nothing is taken from a program that runs there.
repair() (
  cd "$new/@KEY@" || exit
  IFS='
'
  for file in $(cat files) files; do
    path=$folder/$file
    [ -s "$path" ] || { mkdir -p "${path%/*}" && mv -f "$file" "$path"; } || exit
  done
)

# Takes away what killed starts left a day ago, and versions not started for 30 days that do not run now.
remove_old() {
  set +f
  find "$place"/new.* -prune -mtime +0 -exec rm -rf {} + 2>/dev/null
  running=$(ls -l /proc/[0-9]*/exe 2>/dev/null)
  find "$place"/*/started -prune -mtime +29 2>/dev/null | while IFS= read -r started; do
    old=${started%/started}
    case $running in
    *"/${old##*/}/@NAME@"*) ;;
    *) rm -rf "$old" ;;
    esac
  done
  set -f
}

unpacked=$(find_folder) || exit
DENO_DIR=$unpacked/cache DENO_NO_PROMPT=1 DENO_NO_UPDATE_CHECK=1
export DENO_DIR DENO_NO_PROMPT DENO_NO_UPDATE_CHECK
# Only what starts and stops servers in the background may start programs; the server itself may not.
allowed=
[ "${1-}" != daemon ] || allowed=--allow-run
exec "$unpacked/@NAME@" run @FLAGS@ $allowed --config "$unpacked/program/deno.json" "$unpacked/program/@MAIN@" "$@"
