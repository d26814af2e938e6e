#!/bin/sh
# The first process of the guest. It joins the network of the host, starts iscsid and then runs the
# scripts that come through the virtio port, one line of base64 each, until the port is closed.
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

# The guest's 127.0.0.0/8 is the host's, so that the addresses that a portal announces are valid
# here too: QEMU connects to whatever address the guest asks for.
ip link set lo up
ip addr del 127.0.0.1/8 dev lo
ip addr add 10.0.2.15/24 dev eth0
ip link set eth0 up
echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet
ip route add 127.0.0.0/8 via 10.0.2.2 src 10.0.2.15

mkdir -p /run/lock
iscsid --foreground 2>/run/iscsid.log &

until [ -c /dev/vport0p1 ]; do
  sleep 0.1
done
# From now on the kernel's words go to the console, and what it has said so far is of no interest.
dmesg -c >/run/boot.log
dmesg -n 7
exec 3<>/dev/vport0p1
echo ready >&3
while read -r limit script <&3; do
  echo "$script" | base64 -d >/run/script
  timeout -s KILL "$limit" sh /run/script </dev/null >/run/stdout 2>/run/stderr 3>&-
  echo "$? $(stat -c %s /run/stdout) $(stat -c %s /run/stderr)" >&3
  cat /run/stdout /run/stderr >&3
done
reboot -f
