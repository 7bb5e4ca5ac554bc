#!/bin/sh
# One search, many builds: all must print the same digest. Run in libamlz/, as `make matrix` and `make cross` do.
#
#   usage: same_digests.sh FOLDER <builds
#
# Each line of the input is a build: its name, then variables for make. It is made in FOLDER/name.
set -eu

first=
status=0
while read -r name variables; do
    # shellcheck disable=SC2086 # the variables are words on purpose
    digest=$(${MAKE:-make} --no-print-directory -s digest BUILD="$1/$name" $variables </dev/null) || digest="no digest"
    first=${first:-$digest}
    mark=
    if [ "$digest" != "$first" ] || [ "$digest" = "no digest" ]; then
        mark="  <-- differs"
        status=1
    fi
    printf '%-16s %s%s\n' "$name" "$digest" "$mark"
done
test -n "$first"
exit $status
