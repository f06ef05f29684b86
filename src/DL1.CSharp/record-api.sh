#!/bin/sh
# Writes PublicAPI.Unshipped.txt anew from the sources: all that is public and not yet in PublicAPI.Shipped.txt.
# Read the difference before it is taken: a line that is gone breaks programs.
set -e
cd "$(dirname "$0")"
echo '#nullable enable' > PublicAPI.Unshipped.txt
dotnet build -nodereuse:false --no-incremental -c Release -p:TreatWarningsAsErrors=false -p:BuildProjectReferences=false \
    -clp:NoSummary > record-api.log
sed -n "s/.*warning RS0016: Symbol '\(.*\)' is not part of the declared public API.*/\1/p" record-api.log \
    | LC_ALL=C sort -u >> PublicAPI.Unshipped.txt
rm record-api.log
wc -l PublicAPI.Unshipped.txt
