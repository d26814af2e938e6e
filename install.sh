#!/bin/sh
# Installs scst as a service, or takes it away again: see usage() below.
set -eu
umask 022

usage() {
  cat <<'TEXT'
Usage: sh install.sh [--binary FILE] [--prefix DIR] [--root DIR] [--dry-run]
       sh install.sh --uninstall [--prefix DIR] [--root DIR] [--dry-run]

Installs scst: the executable, shell completions, manual pages, the user and group scst, an example
configuration, and the service of systemd (Linux) or rc.d (FreeBSD). Run it again to upgrade: what is
there is kept, and an existing configuration is never touched.

  --binary FILE  the executable; without it ./scst or dist/scst beside this script, or else it is built
  --prefix DIR   where to (default: /usr/local). With another one than that or /usr everything goes
                 below DIR, as whoever runs this, and there is no user and no service
  --root DIR     for makers of packages: puts the files below DIR and does nothing else
  --uninstall    stops the service and removes what was installed; configuration, state and disks stay
  --dry-run      says what would be done
TEXT
}

die() {
  printf 'install.sh: %s\n' "$1" >&2
  exit 1
}

note() {
  printf '%s\n' "$1"
}

# Runs a command, or says it.
run() {
  if [ "$dry_run" = yes ]; then
    printf 'would run: %s\n' "$*"
  else
    "$@"
  fi
}

has() {
  command -v "$1" >/dev/null 2>&1
}

# -- what is asked for ------------------------------------------------------------------------------

here=$(cd "$(dirname "$0")" && pwd)
binary=
prefix=/usr/local
root=
uninstall=no
dry_run=no

value_of() {
  if [ "$2" -lt 2 ] || [ -z "$3" ]; then die "$1 wants a value"; fi
  printf '%s\n' "$3"
}

while [ $# -gt 0 ]; do
  case $1 in
    --binary)
      binary=$(value_of "$1" $# "${2-}")
      shift
      ;;
    --prefix)
      prefix=$(value_of "$1" $# "${2-}")
      shift
      ;;
    --root)
      root=$(value_of "$1" $# "${2-}")
      shift
      ;;
    --uninstall) uninstall=yes ;;
    --dry-run) dry_run=yes ;;
    -h | --help) usage && exit 0 ;;
    *) die "unknown argument $1: see sh install.sh --help" ;;
  esac
  shift
done

# absolute OPTION DIR: without a slash at the end, to which paths are added.
absolute() {
  case $2 in
    /) die "$1 must be a directory below /" ;;
    /*) printf '%s\n' "${2%/}" ;;
    *) printf '%s/%s\n' "$(pwd)" "${2%/}" ;;
  esac
}

prefix=$(absolute --prefix "$prefix")
if [ -n "$root" ]; then root=$(absolute --root "$root"); fi
# Paths go into units, where a blank or a quote would end them.
case $prefix in
  *[!A-Za-z0-9/._+-]*) die "--prefix may have letters, digits and / . _ + - only: $prefix" ;;
esac

system=$(uname -s)
case $system in
  Linux) etc=/etc state=/var/lib/scst ;;
  FreeBSD) etc=/usr/local/etc state=/var/db/scst ;;
  *) die "scst runs on Linux and FreeBSD, not on $system" ;;
esac

# Whether the service belongs to the system, or the files are somebody's own.
case $prefix in
  /usr | /usr/local) is_private=no ;;
  *) is_private=yes etc=$prefix/etc state=$prefix/var/lib/scst ;;
esac

if [ "$is_private$root" = no ] && [ "$dry_run" = no ] && [ "$(id -u)" != 0 ]; then
  die "this installs for the whole system: run it as root, or name a directory of yours with --prefix"
fi

has_service=yes
if [ "$is_private" = yes ]; then has_service=no; fi

# The package manager's words for what is missing.
os_release=${SCST_OS_RELEASE:-/etc/os-release}
distribution=
if [ -r "$os_release" ]; then
  # shellcheck disable=SC1090 # it is the system's
  distribution=$(. "$os_release" && printf '%s %s' "${ID-}" "${ID_LIKE-}")
fi

install_hint() {
  case " $distribution " in
    *" debian "* | *" ubuntu "*) printf 'apt-get install %s' "$1" ;;
    *" fedora "* | *" rhel "*) printf 'dnf install %s' "$1" ;;
    *" arch "*) printf 'pacman -S %s' "$1" ;;
    *" alpine "*) printf 'apk add %s' "$1" ;;
    *" suse "* | *" opensuse "*) printf 'zypper install %s' "$1" ;;
    *) printf 'install %s' "$1" ;;
  esac
}

# -- files ------------------------------------------------------------------------------------------

work=$(mktemp -d "${TMPDIR:-/tmp}/scst_install.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

directory() {
  if [ ! -d "$root$1" ]; then run mkdir -p "$root$1"; fi
}

# put MODE FILE PATH: a file that is in use is replaced, never written into.
put() {
  target=$root$3
  if cmp -s "$2" "$target"; then
    note "unchanged $target"
    return
  fi
  if [ "$dry_run" = yes ]; then
    note "would install $target"
    return
  fi
  directory "$(dirname "$3")"
  run cp "$2" "$target.new"
  run chmod "$1" "$target.new"
  run mv -f "$target.new" "$target"
  note "installed $target"
}

remove() {
  if [ ! -e "$root$1" ]; then return; fi
  run rm -f "$root$1"
  if [ "$dry_run" = no ]; then note "removed $root$1"; fi
}

# Where things belong; the lists of installing and uninstalling are one.
bin=$prefix/bin/scst
share=$prefix/share
example=$share/scst/scst.yaml
bash_completion=$share/bash-completion/completions/scst
zsh_completion=$share/zsh/site-functions/_scst
fish_completion=$share/fish/vendor_completions.d/scst.fish
units=$prefix/lib/systemd/system
sysusers=$prefix/lib/sysusers.d/scst.conf
tmpfiles=$prefix/lib/tmpfiles.d/scst.conf
rc=/usr/local/etc/rc.d/scst
UNITS="scst.service scst-mount.socket scst-mount@.service"

doc=$share/doc/scst

# The README and the pages that it leads to, by their paths in both places.
pages() {
  (
    cd "$here"
    for page in README.md docs/* docs/performance/*; do
      if [ -f "$page" ]; then printf '%s\n' "$page"; fi
    done
  )
}

manual() {
  # The section is the end of the name.
  printf '%s/man/man%s/%s\n' "$share" "${1##*.}" "${1##*/}"
}

# with_paths FILE: the file with the paths of this installation, and where it is.
with_paths() {
  sed -e "s#/usr/bin/scst#$bin#g" -e "s#/var/lib/scst#$state#g" "$1" >"$work/${1##*/}"
  printf '%s\n' "$work/${1##*/}"
}

# -- the executable ---------------------------------------------------------------------------------

build() {
  [ -f "$here/build.ts" ] ||
    die "there is no executable: name one with --binary, or unpack scst's archive and run its install.sh"
  note "building dist/scst"
  if has deno; then
    (cd "$here" && run deno task build)
  elif has npx; then
    (cd "$here" && run npx -y deno@2.9.6 task build)
  else
    die "to build scst, deno or npx (Node.js) is needed: https://deno.com, or name an executable with --binary"
  fi
  binary=$here/dist/scst
}

find_binary() {
  if [ -z "$binary" ]; then
    for candidate in "$here/scst" "$here/dist/scst"; do
      if [ -f "$candidate" ] && [ -x "$candidate" ]; then
        binary=$candidate
        break
      fi
    done
  fi
  if [ -z "$binary" ]; then build; fi
  if [ ! -f "$binary" ] && [ "$dry_run" = yes ]; then return; fi
  [ -f "$binary" ] || die "there is no file $binary"
  if ! said=$("$binary" version 2>&1); then
    why=
    if [ "$system" = FreeBSD ]; then
      why=": Deno makes no executables for FreeBSD, so it has to come from a Deno that was ported"
    elif ! ls /lib*/ld-linux*.so* /lib/*/ld-linux*.so* >/dev/null 2>&1; then
      why=": it needs the GNU C library, which is not here"
      case " $distribution " in
        *" alpine "*) why="$why (Alpine has musl; use a container or a machine with glibc)" ;;
      esac
    fi
    die "$binary does not run$why: $(printf '%s' "$said" | sed -n 1p)"
  fi
}

# -- who runs it ------------------------------------------------------------------------------------

add_user() {
  if [ "$system" = FreeBSD ]; then
    pw groupshow scst >/dev/null 2>&1 || run pw groupadd scst
    pw usershow scst >/dev/null 2>&1 ||
      run pw useradd scst -g scst -d "$state" -s /usr/sbin/nologin -c "scst iSCSI target"
  elif id -u scst >/dev/null 2>&1; then
    note "unchanged user scst"
  elif has systemd-sysusers; then
    run systemd-sysusers "$sysusers"
  elif has useradd; then
    if ! getent group scst >/dev/null; then run groupadd --system scst; fi
    run useradd --system --gid scst --home-dir "$state" --no-create-home \
      --shell /usr/sbin/nologin --comment "scst iSCSI target" scst
  elif has adduser; then # busybox
    run addgroup -S scst
    run adduser -S -D -H -h "$state" -s /sbin/nologin -G scst -g "scst iSCSI target" scst
  else
    die "there is no systemd-sysusers, useradd or adduser to make the user scst with"
  fi
}

# own_directory PATH OWNER MODE: one that is there already stays as it is.
own_directory() {
  if [ -d "$1" ]; then return; fi
  run mkdir -p "$1"
  own "$2" "$1"
  run chmod "$3" "$1"
}

# own OWNER PATH: for the service's user, where there is one.
own() {
  if [ "$is_private" = no ]; then run chown "$1" "$2"; fi
}

# The configuration of this machine, with a disk, where there is none yet.
first_configuration() {
  # Members of the group administer: scst save writes here, and the files have secrets.
  own_directory "$etc/scst" root:scst 2770
  own_directory "$state" scst:scst 750
  if [ -e "$etc/scst/scst.yaml" ]; then
    note "unchanged $etc/scst/scst.yaml"
    return
  fi
  if [ ! -e "$state/disk1.img" ]; then
    run truncate -s 1073741824 "$state/disk1.img"
    run chmod 600 "$state/disk1.img"
    own scst:scst "$state/disk1.img"
  fi
  put 640 "$(with_paths "$here/systemd/scst.yaml")" "$etc/scst/scst.yaml"
  own root:scst "$etc/scst/scst.yaml"
}

# Whether systemd is the first process here, and not just installed.
systemd_runs() {
  has systemctl || return 1
  case $(systemctl is-system-running 2>/dev/null || true) in
    '' | offline | unknown) return 1 ;;
  esac
}

# -- both ways --------------------------------------------------------------------------------------

put_files() {
  put 755 "$binary" "$bin"
  put 644 "$(with_paths "$here/systemd/scst.yaml")" "$example"
  for shell in bash zsh fish; do
    if [ "$dry_run" = yes ]; then : >"$work/completion.$shell"
    else "$binary" completion "$shell" >"$work/completion.$shell"; fi
  done
  put 644 "$work/completion.bash" "$bash_completion"
  put 644 "$work/completion.zsh" "$zsh_completion"
  put 644 "$work/completion.fish" "$fish_completion"
  for page in "$here"/docs/man/*.[1-8]; do
    if [ -f "$page" ]; then put 644 "$page" "$(manual "$page")"; fi
  done
  for page in $(pages); do put 644 "$here/$page" "$doc/$page"; done
  if [ "$has_service" = no ]; then return; fi
  if [ "$system" = FreeBSD ]; then
    put 555 "$(with_paths "$here/systemd/scst.rc")" "$rc"
    return
  fi
  for unit in $UNITS; do
    put 644 "$(with_paths "$here/systemd/$unit")" "$units/$unit"
  done
  put 644 "$(with_paths "$here/systemd/scst.sysusers")" "$sysusers"
  put 644 "$here/systemd/scst.tmpfiles" "$tmpfiles"
}

install_all() {
  find_binary
  put_files
  if [ -n "$root" ]; then return; fi
  if [ "$is_private" = yes ]; then
    first_configuration
    note ""
    note "Start it: $bin serve --config $etc/scst/scst.yaml --state $state"
    return
  fi
  add_user
  first_configuration
  if [ "$system" = FreeBSD ]; then
    note ""
    note "Start it, now and at every boot: sysrc scst_enable=YES && service scst start"
    return
  fi
  if ! has fusermount3; then
    note "missing: fusermount3, so the management tree will not be mounted: $(install_hint fuse3)"
  fi
  if ! systemd_runs; then
    note "missing: systemd does not run here, so there is no service; start it by what there is:"
    note "  $bin serve --config $etc/scst/scst.yaml --state $state   # as the user scst"
    return
  fi
  run systemd-tmpfiles --create "$tmpfiles"
  run systemctl daemon-reload
  note ""
  if systemctl is-active --quiet scst.service; then
    note "The new version runs from the next restart on: systemctl restart scst"
  else
    note "Start it, now and at every boot: systemctl enable --now scst"
  fi
}

uninstall_all() {
  if [ -z "$root" ] && [ "$has_service" = yes ]; then
    if [ "$system" = FreeBSD ]; then
      if [ -e "$rc" ]; then run service scst onestop || true; fi
    elif systemd_runs; then
      run systemctl disable --now scst.service || true
      run systemctl stop scst-mount.socket || true
    fi
  fi
  for file in "$bin" "$example" "$bash_completion" "$zsh_completion" "$fish_completion"; do
    remove "$file"
  done
  for page in "$here"/docs/man/*.[1-8]; do
    if [ -f "$page" ]; then remove "$(manual "$page")"; fi
  done
  for page in $(pages); do remove "$doc/$page"; done
  for directory in "$share/scst" "$doc/docs/performance" "$doc/docs" "$doc"; do
    if [ -d "$root$directory" ]; then run rmdir "$root$directory" 2>/dev/null || true; fi
  done
  if [ "$has_service" = yes ] && [ "$system" = FreeBSD ]; then remove "$rc"; fi
  if [ "$has_service" = yes ] && [ "$system" = Linux ]; then
    for unit in $UNITS; do remove "$units/$unit"; done
    remove "$sysusers"
    remove "$tmpfiles"
    if [ -z "$root" ] && systemd_runs; then run systemctl daemon-reload; fi
  fi
  if [ -n "$root" ]; then return; fi
  note ""
  note "Kept, with configuration, state and disks: $etc/scst $state"
  if [ "$has_service" = yes ]; then note "Kept: the user and the group scst"; fi
}

if [ "$uninstall" = yes ]; then uninstall_all; else install_all; fi
