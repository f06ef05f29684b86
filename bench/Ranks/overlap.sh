#!/usr/bin/env bash
# The exchange of gradients beside the backward pass, over a slow network: two ranks of one thread in a network namespace of their own,
# whose loopback passes so many bits a second (the default is 1gbit). Needs root, Open MPI and iproute2, and bench/Ranks built.
# bench/Ranks/overlap.sh [RATE] [ROWS...]
set -euo pipefail
cd "$(dirname "$0")"
export RATE=${1:-1gbit} ROWS="${*:2}"
export TERM=dumb OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 DOTNET_PROCESSOR_COUNT=1
unshare --net bash -euc '
    ip link set lo up
    tc qdisc add dev lo root tbf rate $RATE burst 256kb latency 50ms
    for rows in ${ROWS:-256 1024}; do
        timeout 300 mpirun.openmpi --bind-to none --mca btl tcp,self --mca btl_tcp_if_include lo --mca mpi_yield_when_idle 1 \
            -n 2 dotnet bin/Release/net10.0/Ranks.dll overlap $rows
    done'
