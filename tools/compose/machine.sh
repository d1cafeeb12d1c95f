# Docker Engine as a machine of its own: called in new namespaces for mounts, processes and network, with Debian's tree, the place
# of the engine's data, and the clone. What it mounts and starts ends with it.
set -e
tree=$1 data=$2 clone=$3
mount --bind "$tree" "$tree"
cd "$tree"
mkdir -p var/lib/docker quadrille was
mount --bind "$data" var/lib/docker
mount --bind "$clone" quadrille
mount -o remount,bind,ro quadrille
mount --rbind /sys sys
mount --rbind /dev dev
mount -t proc proc proc
mount -t tmpfs run run
mount -t tmpfs tmp tmp
# A chroot would not do: whoever enters a container's namespaces, as docker exec does, would find the outer root there.
pivot_root . was
umount -l was
ip link set lo up
# slirp4netns answers there, with the outer machine's names.
echo nameserver 10.0.2.3 > /etc/resolv.conf
exec docker-init -- dockerd --cgroup-parent=/quadrille-rehearsal --exec-opt native.cgroupdriver=cgroupfs
