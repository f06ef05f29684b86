#!/usr/bin/env bash
# compare.sh [THREADS=2] [ROUNDS=5] [CASES]: a training step of each network of the course's classes 5 to 7, DL1 and libtorch
# (eager, through TorchSharp, which is downloaded) in turns, one process each; medians of the processes' medians. libtorch gets an
# allocator that keeps large blocks: with glibc's usual settings it is several times slower. PEER_PRELOAD names a library to
# load before it, where the system's libstdc++ is older than TorchSharp asks for.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
threads=${1:-2} rounds=${2:-5} cases=${3:-lenet resnet lstm transformer vae dcgan denoiser}
build=${PEER_BUILD:-${TMPDIR:-/tmp}/dl1-lessons-libtorch}
dotnet build -c Release "$here/Lessons.csproj" >/dev/null
if [ ! -e "$build/bin/libtorch.dll" ]; then
    mkdir -p "$build"
    cp "$here"/libtorch/* "$build/"
    (cd "$build" && dotnet build -c Release -o bin libtorch.csproj >build.log 2>&1) || { tail -5 "$build/build.log" >&2; exit 1; }
fi
results=$(mktemp)
trap 'rm -f "$results"' EXIT
for ((round = 0; round < rounds; round++)); do
    for case in $cases; do
        echo "dl1 $(DOTNET_PROCESSOR_COUNT=$threads dotnet "$here/bin/Release/net10.0/Lessons.dll" "$case" "$threads")" >>"$results"
        echo "libtorch $(env ${PEER_PRELOAD:+LD_PRELOAD=$PEER_PRELOAD} MALLOC_MMAP_THRESHOLD_=1073741824 MALLOC_TRIM_THRESHOLD_=4294967296 \
            dotnet "$build/bin/libtorch.dll" "$case" "$threads")" >>"$results"
    done
done
python3 - "$results" "$threads" "$rounds" <<'PY'
import collections, statistics, sys
rows = collections.defaultdict(lambda: collections.defaultdict(list))
for line in open(sys.argv[1]):
    who, case, *numbers = line.split()
    rows[case][who].append([float(n) for n in numbers])
print(f"| case | DL1, ms | spread | libtorch, ms | spread | ratio | first step, ms: DL1; libtorch | peak, MB: DL1; libtorch | T={sys.argv[2]}, {sys.argv[3]} rounds |")
print("|---|---|---|---|---|---|---|---|---|")
for case, sides in rows.items():
    def of(who, i): return statistics.median(n[i] for n in sides[who])
    def spread(who): return f"{min(n[1] for n in sides[who]):.3g}..{max(n[2] for n in sides[who]):.3g}"
    print(f"| {case} | {of('dl1', 0):.4g} | {spread('dl1')} | {of('libtorch', 0):.4g} | {spread('libtorch')} | "
          f"{of('libtorch', 0) / of('dl1', 0):.2f}x | {of('dl1', 3):.0f}; {of('libtorch', 3):.0f} | {of('dl1', 4):.0f}; {of('libtorch', 4):.0f} | |")
PY
