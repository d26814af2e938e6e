#!/bin/sh
# Runs the scripts that come through the virtio port, one line of base64 each, until the port is closed.
until [ -c /dev/vport0p1 ]; do
  sleep 0.1
done
exec 3<>/dev/vport0p1
echo ready >&3
while read -r limit script <&3; do
  echo "$script" | base64 -d >/run/script
  timeout -s KILL "$limit" sh /run/script </dev/null >/run/stdout 2>/run/stderr 3>&-
  echo "$? $(stat -c %s /run/stdout) $(stat -c %s /run/stderr)" >&3
  cat /run/stdout /run/stderr >&3
done
