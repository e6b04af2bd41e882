#!/bin/sh
# A systemd of its own, process 1 of new namespaces, over a copy of this machine's files
# that forgets what is written: nothing outside is changed.
#
#   boot.sh FOLDER GROUP
#
# FOLDER has drive.sh, what goes over the root in root/, and a Python as the link python,
# which is /opt/python inside; what drive.sh leaves in /out is there in out/. GROUP is a
# new control group, by its path in the file system.
set -eu
folder=$1 group=$2
mkdir -p "$group" "$folder/out" "$folder/copy"
echo $$ >"$group/cgroup.procs"
# shellcheck disable=SC2016 - expanded by the inner shell
exec unshare --cgroup --mount --pid --uts --ipc --fork --kill-child \
    --propagation private sh -euc '
folder=$1 copy=$1/copy
mount -t tmpfs tmpfs "$copy"
mkdir "$copy/upper" "$copy/work" "$copy/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$copy/upper,workdir=$copy/work" "$copy/root"
cd "$copy/root"

mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs dev
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
mount -t tmpfs -o mode=1777 tmpfs dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
for name in null zero full random urandom tty; do
    touch "dev/$name"
    mount --bind "/dev/$name" "dev/$name"
done
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mkdir -p out opt/python
mount --bind "$folder/out" out
mount --bind "$(readlink -f "$folder/python")" opt/python

# Of this machine no unit and no generator: they would set its clock, its devices.
for name in etc/systemd/system usr/lib/systemd/system; do
    mkdir -p "run/none/$name"
    mount --bind "run/none/$name" "$name"
done
rm -rf usr/lib/systemd/system-generators
for name in sysinit basic local-fs network-online shutdown umount final; do
    printf "[Unit]\nDefaultDependencies=no\n" >"etc/systemd/system/$name.target"
done
printf "[Unit]\nDefaultDependencies=no\nWants=drive.service\n" \
    >etc/systemd/system/drive.target
printf "[Unit]\nDefaultDependencies=no\n[Service]\nType=oneshot\nExecStart=%s\n%s\n" \
    "/bin/sh /drive.sh" "ExecStopPost=systemctl --force --force poweroff" \
    >etc/systemd/system/drive.service
cp "$folder/drive.sh" drive.sh
tar -C "$folder/root" --no-same-owner -cf - . | tar -xf -
export container=unshare
# Not chroot: within one the kernel allows no namespaces of users (PrivateUsers=).
mkdir run/outside
pivot_root . run/outside
umount -l run/outside
exec /lib/systemd/systemd --system --unit=drive.target --log-target=null
' boot "$folder"
