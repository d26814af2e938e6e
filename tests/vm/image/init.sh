#!/bin/sh
# The first process of the guest. It joins the network of the host, and either hands over to the systemd
# of a disk, or starts iscsid and runs the scripts that come through the virtio port (agent.sh).
export PATH=/usr/sbin:/sbin:/usr/bin:/bin:/usr/libexec/busybox
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox --install -s /usr/libexec/busybox
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs run /run
mount -t tmpfs tmp /tmp

for module in $(cat /modules/order); do
  insmod "/modules/$module"
done

ip link set lo up
ip addr add 10.0.2.15/24 dev eth0
ip link set eth0 up

# A Linux of its own on a disk: the network stays as it is, and so does /dev.
if grep -q scst_root= /proc/cmdline; then
  mount -o noatime "$(sed 's/.*scst_root=\([^ ]*\).*/\1/' /proc/cmdline)" /mnt
  umount /run /tmp /proc /sys
  mount --move /dev /mnt/dev
  exec switch_root /mnt /lib/systemd/systemd
fi

# The guest's 127.0.0.0/8 is the host's, so that the addresses that a portal announces are valid
# here too: QEMU connects to whatever address the guest asks for.
ip addr del 127.0.0.1/8 dev lo
echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet
ip route add 127.0.0.0/8 via 10.0.2.2 src 10.0.2.15

mkdir -p /run/lock
iscsid --foreground 2>/run/iscsid.log &

# From now on the kernel's words go to the console, and what it has said so far is of no interest.
dmesg -c >/run/boot.log
dmesg -n 7
sh /agent.sh
reboot -f
