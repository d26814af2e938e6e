/** What the guest is made of: Debian's packages and the kernel's modules. */

/** The package that depends on the newest kernel. */
export const KERNEL_PACKAGE = "linux-image-amd64";

/**
 * The packages of the guest's programs and of those libraries that a minimal Debian lacks; other
 * libraries are taken from this machine. xz-utils unpacks the kernel.
 */
export const PACKAGES: readonly string[] = [
  "busybox-static",
  "ddpt",
  "dmsetup",
  "e2fsprogs",
  "libcom-err2",
  "libdevmapper1.02.1",
  "libext2fs2",
  "libisns0",
  "libkmod2",
  "libopeniscsiusr",
  "libsgutils2-1.46-2",
  "libss2",
  "libssl3",
  "open-iscsi",
  "sg3-utils",
  "xz-utils",
];

/** The modules that the guest loads, with those that they depend on, in this order. */
export const MODULES: readonly string[] = [
  "crc32c_generic", // what libcrc32c and ext4 ask the kernel for by name
  "virtio_pci",
  "virtio_net",
  "virtio_console",
  "virtio_blk",
  "iscsi_tcp",
  "sd_mod",
  "sg",
  "sr_mod",
  "scsi_dh_alua",
  "dm_multipath",
  "dm_round_robin",
  "ext4",
  "isofs",
  "fuse",
];

/**
 * What a guest with systemd has besides what every Debian must have: what makes it a server without work, and
 * Linux's initiator, whose installation would take the emulated processor half a minute.
 */
export const DEBIAN_PACKAGES: readonly string[] = [
  "dbus",
  "libpam-systemd",
  "open-iscsi",
  "systemd-sysv",
  "udev",
];

/** What scst recommends: it waits in the cache of the guest's apt, with what it depends on. */
export const RECOMMENDED_PACKAGES: readonly string[] = ["fuse3", "libisal2"];
