#!/bin/sh
# Writes PublicAPI.Unshipped.txt anew from the sources: all that is public and not yet in PublicAPI.Shipped.txt. What the
# project refers to must be built. Read the difference before it is taken: a line that is gone breaks programs.
cd "$(dirname "$0")" || exit 1
record=PublicAPI.Unshipped.txt
log=$(mktemp)
before=$(mktemp)
trap 'rm -f "$log" "$before"' EXIT
cp "$record" "$before"
echo '#nullable enable' > "$record"
if ! dotnet build -nodereuse:false --no-incremental -c Release -p:TreatWarningsAsErrors=false \
    -p:BuildProjectReferences=false -clp:NoSummary > "$log"; then
    cp "$before" "$record"
    grep 'error' "$log" | sort -u
    exit 1
fi
sed -n "s/.*warning RS0016: Symbol '\(.*\)' is not part of the declared public API.*/\1/p" "$log" | LC_ALL=C sort -u >> "$record"
wc -l "$record"
