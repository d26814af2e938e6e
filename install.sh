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

# The script may be reached by a link; what it installs is beside itself.
self=$0
while [ -L "$self" ]; do
  case $(readlink "$self") in
    /*) self=$(readlink "$self") ;;
    *) self=$(dirname "$self")/$(readlink "$self") ;;
  esac
done
here=$(CDPATH='' cd -- "$(dirname -- "$self")" && pwd)
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
    --binary=* | --prefix=* | --root=*)
      given=$1
      shift
      set -- "${given%%=*}" "${given#*=}" "$@"
      continue
      ;;
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

# absolute OPTION DIR: with single slashes and none at the end, as paths are compared and added to it.
absolute() {
  case $2 in
    /*) path=$2 ;;
    *) path=$(pwd)/$2 ;;
  esac
  path=$(printf '%s\n' "$path" | sed -e 's#//*#/#g' -e 's#/$##')
  [ -n "$path" ] || die "$1 must be a directory below /"
  printf '%s\n' "$path"
}

prefix=$(absolute --prefix "$prefix")
if [ -n "$root" ]; then root=$(absolute --root "$root"); fi
if [ -n "$binary" ]; then binary=$(absolute --binary "$binary"); fi
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
# What was not finished gives its room back, as where a disk has become full.
unfinished=
trap 'rm -rf "$work" ${unfinished:+"$unfinished"}' EXIT
trap 'exit 1' HUP INT TERM

directory() {
  if [ ! -d "$root$1" ]; then run mkdir -p "$root$1"; fi
}

# put MODE FILE PATH [OWNER]: a file that is in use is replaced, never written into.
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
  unfinished=$target.new
  run cp "$2" "$target.new"
  if [ $# = 4 ]; then own "$4" "$target.new"; fi
  run chmod "$1" "$target.new"
  run mv -f "$target.new" "$target"
  unfinished=
  note "installed $target"
}

remove() {
  if [ ! -e "$root$1" ]; then return; fi
  run rm -f "$root$1"
  if [ "$dry_run" = yes ]; then return; fi
  note "removed $root$1"
  # Below a directory of somebody's own the directories were made with the files.
  if [ "$is_private" = yes ]; then
    (cd "$root$prefix" && rmdir -p "$(dirname "${1#"$prefix"/}")" 2>/dev/null) || true
  fi
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
  if [ -z "$binary" ]; then
    build
    if [ "$dry_run" = yes ]; then return; fi
  fi
  [ -f "$binary" ] || die "there is no file $binary"
  [ -x "$binary" ] || die "$binary is no executable yet: chmod +x $binary"
  # The shell's own words about a program that crashes are not for those who install.
  { said=$(NO_COLOR=1 "$binary" version 2>&1) && status=0 || status=$?; } 2>/dev/null
  said=$(printf '%s' "$said" | sed -n 1p)
  if [ "$status" != 0 ]; then die "$binary does not run$(why_not): ${said:-it ends with $status}"; fi
  case $said in
    "scst "*) ;;
    *) die "$binary is not scst: it has no version of it" ;;
  esac
}

# The machine that the executable is for, as uname -m has it (e_machine of elf(5)).
machine_of_binary() {
  case $(od -An -tx1 -N20 "$binary" | tr -d ' \n') in
    7f454c46*3e00) printf 'x86_64 amd64' ;;
    7f454c46*b700) printf 'aarch64 arm64' ;;
  esac
}

# Why an executable that is there does not run, as far as it can be told.
why_not() {
  machines=$(machine_of_binary)
  case " $machines " in
    "  " | *" $(uname -m) "*) ;;
    *) printf ': it is for %s, and this machine is %s' "${machines%% *}" "$(uname -m)" && return ;;
  esac
  if [ "$system" = FreeBSD ]; then
    printf ': Deno makes no executables for FreeBSD, so it has to come from a Deno that was ported'
  elif ! ls /lib*/ld-linux*.so* /lib/*/ld-linux*.so* >/dev/null 2>&1; then
    printf ': it needs the GNU C library, which is not here'
    case " $distribution " in
      *" alpine "*) printf ' (Alpine has musl; use a container or a machine with glibc)' ;;
    esac
  elif [ "$status" -ge 128 ] || [ "$said" != "${said#*standalone binary}" ]; then
    printf ': it is damaged or not whole (compare it with SHA256SUMS)'
  fi
}

# -- who runs it ------------------------------------------------------------------------------------

add_user() {
  if [ "$system" = FreeBSD ]; then
    pw groupshow scst >/dev/null 2>&1 || run pw groupadd scst
    pw usershow scst >/dev/null 2>&1 ||
      run pw useradd scst -g scst -d "$state" -s /usr/sbin/nologin -c "scst iSCSI target"
  elif id -u scst >/dev/null 2>&1 && group_is_there; then
    note "unchanged user scst"
  elif has systemd-sysusers; then
    run systemd-sysusers "$sysusers"
  elif has useradd; then
    if ! group_is_there; then run groupadd --system scst; fi
    if ! id -u scst >/dev/null 2>&1; then
      run useradd --system --gid scst --home-dir "$state" --no-create-home \
        --shell /usr/sbin/nologin --comment "scst iSCSI target" scst
    fi
  else # busybox
    if ! group_is_there; then run addgroup -S scst; fi
    if ! id -u scst >/dev/null 2>&1; then
      run adduser -S -D -H -h "$state" -s /sbin/nologin -G scst -g "scst iSCSI target" scst
    fi
  fi
}

# Before anything is changed: whether the user is there, or can be made.
can_add_user() {
  if id -u scst >/dev/null 2>&1; then return; fi
  for command in pw systemd-sysusers useradd adduser; do
    if has "$command"; then return; fi
  done
  die "there is no systemd-sysusers, useradd or adduser to make the user scst with"
}

group_is_there() {
  if has getent; then getent group scst >/dev/null; else grep -q '^scst:' /etc/group; fi
}

# own_directory PATH OWNER MODE: one that is there already stays as it is. It gets its name last, so that
# a run that was cut short leaves nothing that the next one takes for whole.
own_directory() {
  if [ -d "$1" ]; then return; fi
  run mkdir -p "$1.new"
  own "$2" "$1.new"
  run chmod "$3" "$1.new"
  run mv "$1.new" "$1"
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
    run truncate -s 1073741824 "$state/disk1.img.new"
    own scst:scst "$state/disk1.img.new"
    run chmod 600 "$state/disk1.img.new"
    run mv "$state/disk1.img.new" "$state/disk1.img"
  fi
  put 640 "$(with_paths "$here/systemd/scst.yaml")" "$etc/scst/scst.yaml" root:scst
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
  if [ "$is_private$root" = no ]; then can_add_user; fi
  find_binary
  put_files
  if [ -n "$root" ]; then return; fi
  if [ "$is_private" = yes ]; then
    first_configuration
    note ""
    note "Start it: $bin serve --config $etc/scst/scst.yaml --state $state"
    return
  fi
  case $prefix in
    /usr) other=/usr/local ;;
    *) other=/usr ;;
  esac
  if [ -e "$other/bin/scst" ]; then
    note "There are two now, and the units below /usr/local count: take the other one away, $other/bin/scst"
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
    note "missing: systemd does not run here, so there is no service; start it by what there is, as in"
    note "  install -d -o scst -g scst -m 755 /run/scst"
    note "  su -s /bin/sh scst -c '$bin serve --config $etc/scst/scst.yaml --state $state --control /run/scst/control'"
    if has systemctl; then note "When systemd is there, from the next boot on: systemctl enable scst"; fi
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
      if service -l | grep -qx scst; then run service scst onestop || true; fi
    elif [ -e "$units/scst.service" ] && systemd_runs; then
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
