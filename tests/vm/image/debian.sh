#!/bin/sh
# Makes the disk of a guest with systemd: debian.sh CODENAME MIRROR INSTALLED FETCHED IMAGE SIZE, where INSTALLED
# are packages with commas between them, FETCHED those with blanks that wait in apt's cache, and ./own has
# files that come on top. It is run as root with mounts of its own, so that what debootstrap mounts in the new
# root, and that root itself, are gone when it ends, however that is. In memory nothing waits for a disk, which
# dpkg asks to have everything in time and again.
set -eu
mkdir root
mount -t tmpfs -o mode=755 debian root
debootstrap --variant=minbase --include="$3" "$1" root "$2"
export DEBIAN_FRONTEND=noninteractive
chroot root apt-get -q clean
# shellcheck disable=SC2086 # they are words
chroot root apt-get -q -y --no-install-recommends --download-only install $4
cp -R own/. root
# Nothing of this machine's network is the guest's business.
: >root/etc/resolv.conf
mke2fs -q -t ext4 -O ^has_journal -d root "$5" "$6"
