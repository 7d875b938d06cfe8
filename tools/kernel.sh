#!/bin/sh
# kernel.sh: unpacks a kernel for virtual machines of the tests into .cache/microvm, without installing it: Debian's, of
# which only what machines need is kept. Where this is no Debian, or nothing can be fetched, the tests that boot one are
# left out, and say so.
set -eu
cd "$(dirname "$0")/.."
place="$PWD/.cache/microvm"
for kernel in "$place"/boot/vmlinuz-*; do
    [ ! -e "$kernel" ] || exit 0
done
left_out() {
    echo "No kernel for virtual machines ($1): their tests are left out."
    exit 0
}
[ "$(dpkg --print-architecture 2>/dev/null)" = amd64 ] || left_out "this is no Debian on x86-64"
# Debian's cloud kernels lack 9p, by which a machine sees its disk.
package=$(apt-cache depends linux-image-amd64 2>/dev/null | sed -n 's/^ *Depends: \(linux-image-[^ ]*\)$/\1/p' | head -n 1)
[ -n "$package" ] || left_out "apt-get knows of none"
mkdir -p .cache
new=$(mktemp -d "$PWD/.cache/microvm-XXXXXX")
trap 'rm -rf "$new"' EXIT
(cd "$new" && apt-get -qq download "$package" 2>/dev/null) || left_out "apt-get could not fetch $package"
dpkg-deb --fsys-tarfile "$new/$package"_*.deb | tar -x -C "$new" --wildcards \
    './boot/vmlinuz-*' '*/modules.order' '*/modules.builtin' '*/kernel/drivers/virtio/*' '*/kernel/fs/9p/*' \
    '*/kernel/net/9p/*' '*/kernel/fs/netfs/*' '*/kernel/fs/fscache/*' '*/kernel/drivers/char/virtio_console*' \
    '*/kernel/drivers/net/virtio_net*' '*/kernel/drivers/net/net_failover*' '*/kernel/net/core/failover*' || true
rm "$new/$package"_*.deb
chmod 755 "$new"
rm -rf "$place"
mv "$new" "$place"
