#!/bin/sh
# lookalike.sh DATA COMMAND...: a container as Cloud Run gives it, without an engine. Nothing can be written but DATA (a
# volume) and a tmpfs for temporary files; the user is nobody, without capabilities, and can gain none.
set -e
if [ "$1" != inside ]; then
    exec unshare --user --map-root-user --mount "$0" inside "$@"
fi
shift
data=$1
shift
mount --make-rprivate /
mkdir -p "$data" "$data-tmp"
mount --bind "$data" "$data"
for place in $(cut -d ' ' -f 5 /proc/self/mountinfo); do
    case $place in
        "$data" | /proc* | /sys* | /dev*) ;;
        *) mount -o remount,bind,ro "$place" ;;
    esac
done
mount -t tmpfs -o mode=1777,size=64m tmpfs "$data-tmp"
export TMPDIR="$data-tmp"
exec unshare --user --map-user=65534 --map-group=65534 setpriv --no-new-privs "$@"
